import { Kernel, KernelMessage } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { markOf, Marks, withMark } from '../model/marks';
import { IFront } from './front';

const NONE: Marks = new Map();

/** The marks of what runs in the kernel in front. */
export class MarkReader {
  constructor(private readonly _front: IFront) {
    _front.changed.connect(this._sync, this);
    this._sync();
  }

  get marks(): Marks {
    return this._marks;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private _sync(): void {
    const { kernel } = this._front;
    if (kernel !== this._kernel) {
      this._kernel?.iopubMessage.disconnect(this._onMessage, this);
      kernel?.iopubMessage.connect(this._onMessage, this);
      this._kernel = kernel;
      this._set(NONE);
    } else if (kernel && ['restarting', 'autorestarting', 'dead'].includes(kernel.status)) {
      this._set(NONE);
    }
  }

  private _onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    if (KernelMessage.isDisplayDataMsg(message) || KernelMessage.isUpdateDisplayDataMsg(message)) {
      const mark = markOf(message.content.metadata);
      if (mark) {
        this._set(withMark(this._marks, mark));
      }
    }
  }

  private _set(marks: Marks): void {
    if (marks !== this._marks) {
      this._marks = marks;
      this._changed.emit();
    }
  }

  private _kernel: Kernel.IKernelConnection | null = null;
  private _marks = NONE;
  private readonly _changed = new Signal<this, void>(this);
}
