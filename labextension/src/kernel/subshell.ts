/*
 * A subshell of one's own in a kernel (JEP 91): what is sent to it is handled while a cell runs.
 *
 * JupyterLab makes subshells for comms, too, but only when it knows the kernel. A kernel that is busy with a cell since
 * before the page was loaded tells it nothing until the cell is over; the control channel works then all the same.
 */
import { CommsOverSubshells, Kernel, KernelMessage } from '@jupyterlab/services';

/** How long a kernel may take to say what it can, in milliseconds, before it is taken for a busy one. */
const PATIENCE_MS = 800;

/** Make a subshell; undefined if the kernel has none. */
export async function createSubshell(kernel: Kernel.IKernelConnection): Promise<string | undefined> {
  const supported = kernel.info.then(() => kernel.supportsSubshells);
  if (!(await within(PATIENCE_MS, supported, true))) {
    return undefined;
  }
  const made = create(kernel);
  return Promise.race([made, supported.then(is => (is ? made : undefined))]);
}

async function create(kernel: Kernel.IKernelConnection): Promise<string | undefined> {
  const message = KernelMessage.createMessage<KernelMessage.ICreateSubshellRequestMsg>({
    msgType: 'create_subshell_request',
    channel: 'control',
    username: kernel.username,
    session: kernel.clientId,
    content: {}
  });
  const { content } = await kernel.sendControlMessage(message, true).done;
  return (content as Partial<KernelMessage.ICreateSubshellReplyMsg['content']>).subshell_id; // an error has none
}

/** Let a subshell go. */
export function deleteSubshell(kernel: Kernel.IKernelConnection, id: string): void {
  const message = KernelMessage.createMessage<KernelMessage.IDeleteSubshellRequestMsg>({
    msgType: 'delete_subshell_request',
    channel: 'control',
    username: kernel.username,
    session: kernel.clientId,
    content: { subshell_id: id }
  });
  kernel.sendControlMessage(message, true);
}

/** Have JupyterLab give back the subshell that it makes for a comm that the kernel has opened. */
export async function returnSubshell(kernel: Kernel.IKernelConnection, comm: Kernel.IComm): Promise<void> {
  await kernel.info; // it is asked for then, and can be given back only when it was asked for
  window.setTimeout(() => {
    comm.commsOverSubshells = CommsOverSubshells.Disabled;
  });
}

/** What a promise gives, or something else if that takes too long. */
export async function within<T, U>(ms: number, promise: Promise<T>, otherwise: U): Promise<T | U> {
  let timer = 0;
  const late = new Promise<U>(resolve => {
    timer = window.setTimeout(() => resolve(otherwise), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    window.clearTimeout(timer);
  }
}
