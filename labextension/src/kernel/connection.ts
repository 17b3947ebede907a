/*
 * What the sidebar knows of the kernel in front, and its way to that kernel.
 *
 * `_sync` is called whenever something may have changed: it looks at how things are and does what is missing. So it does
 * not matter in which order a restart, a reload, a switch and a message come. A channel lives as long as the kernel can
 * hear it; what an earlier one tells is not listened to.
 */
import { ISessionContext } from '@jupyterlab/apputils';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { blankOf, Facts, isReady, Phase } from '../model/blank';
import { RequestFailed, View } from '../model/model';
import { advance, Known, restart } from '../model/store';
import { Action, ANNOUNCE, Followed, State, Update, VERSION, Watch } from '../protocol';
import { Channel, Told } from './channel';
import { IFront } from './front';
import { Page } from './page';
import { returnSubshell, within } from './subshell';

/** How long a snapshot may take that was asked for, in milliseconds. */
const SNAPSHOT_MS = 5_000;

const PREPARING: readonly ISessionContext.KernelDisplayStatus[] = [
  'initializing',
  'starting',
  'restarting',
  'autorestarting',
  'connecting'
];

export class Connection {
  constructor(
    readonly front: IFront,
    private readonly _page: Page,
    private readonly _trans: TranslationBundle
  ) {
    this._view = this._build();
    front.changed.connect(this._sync, this);
    this._sync();
  }

  /** What is known; another object when `changed` was told. */
  get view(): View {
    return this._view;
  }

  /** Told at most once for each frame that the browser draws. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Name of the default session, empty if there is none or that is not known; also while nothing else is told. */
  get defaultName(): string {
    return this._defaultName;
  }

  /** Whether anybody sees what the kernel tells; if not, it tells nothing but the default session's name. */
  get visible(): boolean {
    return this._visible;
  }

  /** Take note whether one of those who show what the kernel tells can be seen. */
  see(viewer: string, sees: boolean): void {
    if (sees) {
      this._viewers.add(viewer);
    } else {
      this._viewers.delete(viewer);
    }
    this.look();
  }

  /** Look again whether the page can be seen. */
  look(): void {
    const visible = this._viewers.size > 0 && document.visibilityState === 'visible';
    if (visible !== this._visible) {
      this._visible = visible;
      this._channel?.watch(this._watch());
      if (visible && this._phase === 'not-loaded') {
        this._leave(); // ask again, in case that its announcement was missed
      }
      this._sync();
    }
  }

  /** Whether something can be asked for. */
  get isOpen(): boolean {
    return this._isOpen;
  }

  /** Told when `isOpen` has changed. */
  get openChanged(): ISignal<this, void> {
    return this._openChanged;
  }

  /** The kernel's time, in seconds since the epoch. */
  now(): number {
    return clock() + (this._known?.offset ?? 0);
  }

  /** Ask for something; fails with a `RequestFailed`. */
  async request(action: Action): Promise<Record<string, unknown>> {
    if (!this._channel) {
      throw new RequestFailed(this._trans.__('No kernel with mars_nb is in front.'), ['%load_ext mars_nb']);
    }
    return this._channel.request(action);
  }

  /** Follow the spans of a task, or none. */
  follow(task?: Followed): void {
    if (task?.session !== this._followed?.session || task?.task !== this._followed?.task) {
      this._followed = task;
      this._channel?.watch(this._watch());
      this._tell();
    }
  }

  /** Give what there is, also while nobody sees it, and it is not told by itself; fails with a `RequestFailed`. */
  async refresh(): Promise<State> {
    if (this._visible && this._known) {
      return this._known.state;
    }
    const told = new Promise<State>(resolve => this._snapshots.push(resolve));
    await this.request({ do: 'snapshot' });
    const state = await within(SNAPSHOT_MS, told, undefined);
    if (!state) {
      throw new RequestFailed(this._trans.__('The kernel has not told what there is.'));
    }
    return state;
  }

  /** The page goes. */
  leavePage(): void {
    this._page.leave();
    void this._channel?.end(0);
  }

  private _sync(): void {
    const { kernel } = this.front;
    if (kernel !== this._kernel) {
      this._switch(kernel);
    }
    const ready = isReady(this._facts());
    if (!ready && this._phase !== 'none') {
      this._leave();
    }
    if (kernel && ['restarting', 'autorestarting', 'dead'].includes(kernel.status)) {
      this._page.note(kernel.id, false);
    }
    if (kernel && ready && this._phase === 'none' && (this._visible || this._page.knows(kernel.id))) {
      this._open(kernel);
    }
    this._tell();
  }

  private _switch(kernel: Kernel.IKernelConnection | null): void {
    this._leave();
    if (this._kernel && !this._kernel.isDisposed) {
      this._kernel.iopubMessage.disconnect(this._onMessage, this);
    }
    this._kernel = kernel;
    this._language = undefined;
    this._followed = undefined;
    if (kernel) {
      kernel.iopubMessage.connect(this._onMessage, this);
      // Also when another kernel is in front. That it has come is all that it says.
      kernel.registerCommTarget(ANNOUNCE, comm => {
        this._page.note(kernel.id, true);
        void returnSubshell(kernel, comm);
      });
      void this._learnLanguage(kernel);
    }
  }

  private async _learnLanguage(kernel: Kernel.IKernelConnection): Promise<void> {
    // The specification is known although the kernel is busy.
    const spec = await kernel.spec.catch(() => undefined);
    const language = spec?.language ?? (await kernel.info.catch(() => undefined))?.language_info.name ?? '';
    if (kernel === this._kernel) {
      this._language = language.toLowerCase();
      this._sync();
    }
  }

  private _open(kernel: Kernel.IKernelConnection): void {
    const channel = new Channel(kernel, this._trans);
    channel.told.connect(this._take, this);
    channel.closed.connect(this._onClosed, this);
    this._channel = channel;
    this._phase = 'opening';
    void channel.open({ version: VERSION, panel: this._page.panel }, this._watch()).then(() => {
      if (channel === this._channel && this._phase === 'opening') {
        this._phase = 'open';
        this._tell();
      }
    });
  }

  private _leave(): void {
    this._channel?.dispose();
    this._channel = undefined;
    this._known = undefined;
    this._defaultName = '';
    this._detail = undefined;
    this._phase = 'none';
  }

  private _watch(): Watch {
    return { type: 'watch', visible: this._visible, ...(this._followed && { follow: this._followed }) };
  }

  private _onMessage(sender: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if (KernelMessage.isCommOpenMsg(message) && message.content.target_name === ANNOUNCE) {
      this._page.note(sender.id, true);
      if (!this._known) {
        this._leave(); // what was sent before may have come too early
        this._sync();
      }
    }
  }

  private _onClosed(channel: Channel): void {
    if (this._phase !== 'mismatch') {
      this._leave();
      this._phase = 'not-loaded';
    }
    this._page.note(channel.kernel.id, false);
    this._tell();
  }

  private _take(channel: Channel, message: Told): void {
    switch (message.type) {
      case 'snapshot':
        this._known = restart(this._known, message, clock());
        this._snapshots.splice(0).forEach(resolve => resolve(message.state));
        break;
      case 'update':
        this._update(message);
        break;
      case 'default':
        this._defaultName = message.name;
        break;
      case 'mismatch':
        this._phase = 'mismatch';
        this._detail = message.package;
        break;
    }
    if (message.type === 'snapshot' || message.type === 'update') {
      const state = this._known?.state;
      this._defaultName = state?.sessions[state.default]?.name ?? '';
    }
    this._page.note(channel.kernel.id, message.type !== 'mismatch');
    this._tell();
  }

  private _update(message: Update): void {
    if (!this._known) {
      return;
    }
    const known = advance(this._known, message, clock());
    if (known) {
      this._known = known;
    } else if (!this._catchingUp) {
      this._catchingUp = true;
      void this.request({ do: 'snapshot' })
        .catch(() => undefined) // asked for again with the next update
        .then(() => (this._catchingUp = false));
    }
  }

  private _facts(): Facts {
    const { widget, context } = this.front;
    const kernel = this._kernel;
    return {
      front: widget !== null,
      preparing: context !== null && PREPARING.includes(context.kernelDisplayStatus),
      kernel: kernel ? { status: kernel.status, connection: kernel.connectionStatus } : undefined,
      language: this._language,
      phase: this._phase,
      told: this._known !== undefined
    };
  }

  private _build(): View {
    const blank = blankOf(this._facts());
    const timeline = this._known?.timeline;
    const followed = this._followed;
    return {
      title: this.front.widget?.title.label ?? '',
      blank,
      detail: this._detail,
      state: blank ? undefined : this._known?.state,
      waits: this._channel?.waits ?? false,
      timeline:
        followed && timeline?.session === followed.session && timeline.task === followed.task ? timeline : undefined
    };
  }

  private _tell(): void {
    const isOpen = this._channel !== undefined && this._phase === 'open';
    if (isOpen !== this._isOpen) {
      this._isOpen = isOpen;
      this._openChanged.emit();
    }
    this._frame ??= window.requestAnimationFrame(() => {
      this._frame = undefined;
      const view = this._build();
      if (!isSame(view, this._view) || this._defaultName !== this._toldName) {
        this._view = view;
        this._toldName = this._defaultName;
        this._changed.emit();
      }
    });
  }

  private _view: View;
  private _kernel: Kernel.IKernelConnection | null = null;
  private _language: string | undefined;
  private _channel: Channel | undefined;
  private _phase: Phase = 'none';
  private _known: Known | undefined;
  private _defaultName = '';
  private _toldName = '';
  private _detail: string | undefined;
  private readonly _viewers = new Set<string>();
  private _visible = false;
  private _isOpen = false;
  private readonly _snapshots: ((state: State) => void)[] = [];
  private _followed: Followed | undefined;
  private _catchingUp = false;
  private _frame: number | undefined;
  private readonly _openChanged = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, void>(this);
}

/** The page's time, in seconds since the epoch. */
function clock(): number {
  return Date.now() / 1000;
}

function isSame(a: View, b: View): boolean {
  return (Object.keys({ ...a, ...b }) as (keyof View)[]).every(key => a[key] === b[key]);
}
