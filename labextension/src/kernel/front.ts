/*
 * The notebook or console that the sidebar is about: the one that is in front, or was last.
 *
 * With several side by side that is the one with the focus; another document in front, such as a text file, changes
 * nothing.
 */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { ISessionContext } from '@jupyterlab/apputils';
import { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

export type FrontWidget = NotebookPanel | ConsolePanel;

/** What is in front. */
export interface IFront {
  /** Missing if nothing is. */
  readonly widget: FrontWidget | null;
  readonly context: ISessionContext | null;
  readonly kernel: Kernel.IKernelConnection | null;
  /** Told when another one is in front, or something about it or its kernel has changed. */
  readonly changed: ISignal<IFront, void>;
}

type Shell = Pick<JupyterFrontEnd.IShell, 'currentWidget' | 'currentChanged'>;

export class Front implements IFront {
  constructor(
    private readonly _shell: Shell,
    private readonly _notebooks: INotebookTracker | null,
    private readonly _consoles: IConsoleTracker | null
  ) {
    _shell.currentChanged?.connect(this._update, this);
    _notebooks?.currentChanged.connect(this._update, this);
    _consoles?.currentChanged.connect(this._update, this);
    this._update();
  }

  get widget(): FrontWidget | null {
    return this._widget;
  }

  get context(): ISessionContext | null {
    return this._widget?.sessionContext ?? null;
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.context?.session?.kernel ?? null;
  }

  get changed(): ISignal<IFront, void> {
    return this._changed;
  }

  private _find(): FrontWidget | null {
    const shown = this._shell.currentWidget;
    if (this._isOurs(shown)) {
      return shown;
    }
    if (this._widget && !this._widget.isDisposed) {
      return this._widget;
    }
    return this._notebooks?.currentWidget ?? this._consoles?.currentWidget ?? null;
  }

  private _isOurs(widget: Widget | null): widget is FrontWidget {
    return !!widget && (!!this._notebooks?.has(widget) || !!this._consoles?.has(widget));
  }

  private _update(): void {
    const before = this._widget;
    const now = this._find();
    if (now === before) {
      return;
    }
    this._widget = now;
    if (before && !before.isDisposed) {
      this._leave(before);
    }
    if (now) {
      this._follow(now);
    }
    this._changed.emit();
  }

  private _follow({ sessionContext, disposed, title }: FrontWidget): void {
    disposed.connect(this._update, this);
    title.changed.connect(this._tell, this);
    sessionContext.sessionChanged.connect(this._tell, this);
    sessionContext.kernelChanged.connect(this._tell, this);
    sessionContext.statusChanged.connect(this._tell, this);
    sessionContext.connectionStatusChanged.connect(this._tell, this);
  }

  private _leave({ sessionContext, disposed, title }: FrontWidget): void {
    disposed.disconnect(this._update, this);
    title.changed.disconnect(this._tell, this);
    sessionContext.sessionChanged.disconnect(this._tell, this);
    sessionContext.kernelChanged.disconnect(this._tell, this);
    sessionContext.statusChanged.disconnect(this._tell, this);
    sessionContext.connectionStatusChanged.disconnect(this._tell, this);
  }

  private _tell(): void {
    this._changed.emit();
  }

  private _widget: FrontWidget | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
