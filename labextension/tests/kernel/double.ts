/* Doubles of what JupyterLab gives: a kernel's connection, and what is in front. */
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { ISessionContext } from '@jupyterlab/apputils';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { FrontWidget, IFront } from '../../src/kernel/front';
import { Incoming } from '../../src/protocol';

type Content = Record<string, unknown> & { comm_id: string; data: Record<string, unknown> };

/** What was sent. */
export interface Sent {
  type: string;
  subshell: string | null | undefined;
  content: Content;
}

/** A kernel's connection that notes down what is sent. */
export class KernelDouble {
  constructor(readonly id = 'k1') {}

  name = 'python3';
  username = '';
  clientId = 'client';
  handleComms = true;
  isDisposed = false;
  status: Kernel.Status = 'idle';
  connectionStatus: Kernel.ConnectionStatus = 'connected';
  supportsSubshells = true;
  /** Answers what is asked on the control channel. */
  answersControl = true;
  language = 'python';
  readonly sent: Sent[] = [];
  readonly control: Sent[] = [];
  readonly comms: { id: string; disposed: boolean }[] = [];
  readonly targets = new Map<string, (comm: Kernel.IComm) => void>();
  readonly iopubMessage = new Signal<this, KernelMessage.IIOPubMessage>(this);
  readonly known = new PromiseDelegate<void>();
  readonly info = this.known.promise.then(() => ({ language_info: { name: 'python' } }));
  readonly announcement = {} as Kernel.IComm;
  readonly read = new PromiseDelegate<void>();

  get connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }

  get spec(): Promise<{ language: string }> {
    return Promise.resolve({ language: this.language });
  }

  createComm(_: string, id: string): Partial<Kernel.IComm> {
    const comm = { id, disposed: false };
    this.comms.push(comm);
    return { commId: id, dispose: () => (comm.disposed = true) };
  }

  registerCommTarget(name: string, callback: (comm: Kernel.IComm) => void): void {
    this.targets.set(name, callback);
  }

  sendShellMessage({ header, content }: KernelMessage.IShellMessage): { done: Promise<void> } {
    this.sent.push({ type: header.msg_type, subshell: header.subshell_id, content: content as Content });
    return { done: this.read.promise };
  }

  sendControlMessage({ header, content }: KernelMessage.IControlMessage): { done: Promise<unknown> } {
    this.control.push({ type: header.msg_type, subshell: header.subshell_id, content: content as Content });
    const number = this.control.length;
    const reply = { content: { status: 'ok', subshell_id: `subshell ${number}` } };
    return { done: this.answersControl ? Promise.resolve(reply) : new Promise(() => undefined) };
  }

  /** The comms that were opened. */
  get opened(): Content[] {
    return this.sent.filter(each => each.type === 'comm_open').map(each => each.content);
  }

  /** What was sent over a comm, the last one unless said. */
  messages(comm = this.opened.length - 1): Record<string, unknown>[] {
    const id = this.opened[comm]?.comm_id;
    return this.sent
      .filter(each => each.type === 'comm_msg' && each.content.comm_id === id)
      .map(each => each.content.data);
  }

  /** Tell something over a comm, the last one unless said. */
  tell(data: Incoming, comm = this.opened.length - 1): void {
    this.publish('comm_msg', { comm_id: this.opened[comm].comm_id, data });
  }

  /** Close a comm, the last one unless said. */
  close(comm = this.opened.length - 1): void {
    this.publish('comm_close', { comm_id: this.opened[comm].comm_id, data: {} });
  }

  /** Publish something on IOPub. */
  publish(type: string, content: unknown): void {
    const message = { header: { msg_type: type }, parent_header: {}, channel: 'iopub', content };
    this.iopubMessage.emit(message as unknown as KernelMessage.IIOPubMessage);
  }

  /** Open a comm to a target. */
  announce(target: string): void {
    this.targets.get(target)?.(this.announcement);
    this.publish('comm_open', { comm_id: 'announced', target_name: target, data: {} });
  }
}

/** A notebook, or nothing, in front. */
export class FrontDouble implements IFront {
  title: string | null = 'one.ipynb';
  kernelDisplayStatus: ISessionContext.KernelDisplayStatus = 'idle';
  double: KernelDouble | null = null;
  readonly changed = new Signal<this, void>(this);

  get widget(): FrontWidget | null {
    return this.title === null ? null : ({ title: { label: this.title } } as unknown as FrontWidget);
  }

  get context(): ISessionContext | null {
    return { kernelDisplayStatus: this.kernelDisplayStatus } as ISessionContext;
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.double?.connection ?? null;
  }

  /** Have something changed. */
  change(facts: Partial<Pick<FrontDouble, 'title' | 'kernelDisplayStatus' | 'double'>> = {}): void {
    Object.assign(this, facts);
    this.changed.emit();
  }
}

/** Let all that is due now happen: promises, and frames. */
export async function settle(): Promise<void> {
  await jest.advanceTimersByTimeAsync(50);
}
