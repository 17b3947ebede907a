/*
 * One comm to one kernel.
 *
 * It is addressed by hand, on a subshell of its own, because what JupyterLab does for a comm depends on settings, on
 * whether it knows the kernel already, and on whether this connection is the first one to the kernel (a console next to
 * its notebook has the second). Once disposed of it tells nothing any more.
 */
import { CommsOverSubshells, Kernel, KernelMessage } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { JSONObject, PromiseDelegate, UUID } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { RequestFailed } from '../model/model';
import { Action, CREDIT, Incoming, Open, Outgoing, Reply, TARGET, Watch } from '../protocol';
import { Requests } from './requests';
import { createSubshell, deleteSubshell, within } from './subshell';

/** How long the kernel may take to read the end of the comm, in milliseconds, before its subshell goes. */
const CLOSE_MS = 2_000;

/** What a channel tells: all but replies. */
export type Told = Exclude<Incoming, Reply>;

type CommMessage =
  KernelMessage.ICommOpenMsg<'shell'> | KernelMessage.ICommMsgMsg<'shell'> | KernelMessage.ICommCloseMsg<'shell'>;

export class Channel implements IDisposable {
  constructor(
    readonly kernel: Kernel.IKernelConnection,
    private readonly _trans: TranslationBundle
  ) {
    if (kernel.handleComms) {
      // So that JupyterLab knows the id when the kernel closes the comm. It needs no subshell for this.
      this._comm = kernel.createComm(TARGET, this._id);
      this._comm.commsOverSubshells = CommsOverSubshells.Disabled;
    }
    kernel.iopubMessage.connect(this._onMessage, this);
  }

  /** Told of what the kernel tells. */
  get told(): ISignal<this, Told> {
    return this._told;
  }

  /** Told when the kernel has closed the comm: at once, if it does not know what it is for. */
  get closed(): ISignal<this, void> {
    return this._closed;
  }

  /** Whether what is sent waits until the cell is over. */
  get waits(): boolean {
    return this._phase === 'open' && this._subshell === undefined;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Open the comm, and say what can be seen. */
  async open(data: Open, watch: Watch): Promise<void> {
    this._watch = watch;
    // Fails if the kernel restarts or goes meanwhile.
    const subshell = await createSubshell(this.kernel).catch(() => undefined);
    this._subshell = subshell;
    if (this._isDisposed) {
      this._dropSubshell();
      return;
    }
    this._phase = 'open';
    this._post('comm_open', { target_name: TARGET, data: { ...data } });
    this._send(this._watch);
    this._opened.resolve();
  }

  /** Say what of the panel can be seen. */
  watch(watch: Watch): void {
    this._watch = watch;
    if (this._phase === 'open') {
      this._send(watch);
    }
  }

  /** Ask for something; fails with a `RequestFailed`. */
  async request(action: Action): Promise<Record<string, unknown>> {
    await this._opened.promise;
    if (this._phase === 'closed') {
      throw this._gone();
    }
    const late = new RequestFailed(this._trans.__('The kernel has not answered for a minute.'), [
      this._trans.__('It may be in code that lets no other thread run; Interrupt the kernel ends a cell.')
    ]);
    return this._requests.begin(
      request => this._send({ type: 'request', request, action }),
      this.waits ? undefined : late
    );
  }

  /** Close the comm. */
  dispose(): void {
    void this.end(CLOSE_MS);
  }

  /** Close the comm, and let the subshell go when the kernel has read that, or after some time. */
  async end(patienceMs: number): Promise<void> {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    const wasOpen = this._phase === 'open';
    this.kernel.iopubMessage.disconnect(this._onMessage, this);
    Signal.clearData(this);
    this._shut();
    if (wasOpen && this._hears()) {
      // A subshell takes with it what it has not read yet.
      const read = this._post('comm_close', { data: {} })?.done.catch(() => undefined);
      if (read && patienceMs > 0) {
        await within(patienceMs, read, undefined);
      }
      this._dropSubshell();
    }
  }

  private _shut(): void {
    this._phase = 'closed';
    this._comm?.dispose();
    this._opened.resolve();
    this._requests.abandon(this._gone());
  }

  private _gone(): RequestFailed {
    return new RequestFailed(this._trans.__('The connection to the kernel was closed before it answered.'));
  }

  private _hears(): boolean {
    const { kernel } = this;
    return (
      !kernel.isDisposed &&
      kernel.connectionStatus === 'connected' &&
      !['dead', 'restarting', 'autorestarting'].includes(kernel.status)
    );
  }

  private _dropSubshell(): void {
    if (this._subshell !== undefined && this._hears()) {
      deleteSubshell(this.kernel, this._subshell);
    }
    this._subshell = undefined;
  }

  private _send(message: Outgoing): void {
    this._unanswered = 0;
    this._post('comm_msg', { data: message as unknown as JSONObject });
  }

  private _post(
    msgType: CommMessage['header']['msg_type'],
    content: { target_name?: string; data: JSONObject }
  ): Kernel.IShellFuture | undefined {
    if (this.kernel.isDisposed || this.kernel.status === 'dead') {
      return undefined; // its status tells
    }
    const message = KernelMessage.createMessage({
      msgType,
      channel: 'shell',
      username: this.kernel.username,
      session: this.kernel.clientId,
      subshellId: this._subshell,
      content: { ...content, comm_id: this._id }
    } as KernelMessage.IOptions<KernelMessage.ICommMsgMsg<'shell'>>);
    return this.kernel.sendShellMessage(message, false, true);
  }

  private _onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    if (KernelMessage.isCommMsgMsg(message) && message.content.comm_id === this._id) {
      this._take(message.content.data as unknown as Incoming);
    } else if (KernelMessage.isCommCloseMsg(message) && message.content.comm_id === this._id) {
      this._dropSubshell();
      this._shut();
      this._closed.emit();
    }
  }

  private _take(message: Incoming): void {
    if (message.type === 'reply') {
      this._requests.end(message);
    } else {
      this._told.emit(message);
    }
    this._unanswered++;
    if (this._unanswered >= CREDIT / 2 && this._phase === 'open' && this._watch) {
      this._send(this._watch);
    }
  }

  private readonly _id = UUID.uuid4();
  private readonly _comm: Kernel.IComm | undefined;
  private readonly _told = new Signal<this, Told>(this);
  private readonly _closed = new Signal<this, void>(this);
  private readonly _requests = new Requests();
  private readonly _opened = new PromiseDelegate<void>();
  private _watch: Watch | undefined;
  private _phase: 'opening' | 'open' | 'closed' = 'opening';
  private _subshell: string | undefined;
  private _unanswered = 0;
  private _isDisposed = false;
}
