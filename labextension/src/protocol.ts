/*
 * What the kernel and the sidebar say to each other. The same is written, with what each means, in
 * mars_nb/notebook/sidebar/messages.py; fixtures/messages.json has examples of everything, and tests of both sides hold
 * them to it.
 */

/** The comm's target. */
export const TARGET = 'mars_nb';
/** Target of the comm that the kernel opens to say that the extension was loaded. */
export const ANNOUNCE = 'mars_nb.announce';
/** Changes with what is written here. */
export const VERSION = 1;
/** How many messages a panel gets without saying anything. */
export const CREDIT = 3000;

// --- what there is: no value is null, so that a merge patch can say all ---------------------------------------------

/** Where something was recorded: "In[3], line 2", the cell's id and the line from 1; empty where not known. */
export interface Recorded {
  place: string;
  cell: string;
  line: number;
}

export interface Operation extends Recorded {
  label: string;
  order: number;
  done: number;
  running: number;
  total: number;
}

export type TaskState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Task extends Recorded {
  number: number;
  label: string;
  state: TaskState;
  started_at: number;
  elapsed: number;
  done: number;
  running: number;
  total: number;
  fraction: number;
  remaining?: number;
  peak: number;
  error?: string;
  operations: Record<string, Operation>;
}

export interface Result extends Recorded {
  kind: string;
  label: string;
  dtype: string;
  shape: number[];
  nbytes: number;
  spilled: number;
  chunks: number;
  executed_at: number;
  names: string[];
}

export interface Lazy extends Recorded {
  kind: string;
  label: string;
  dtype: string;
  shape: (number | string)[];
  names: string[];
  tasks: number[];
}

export interface Session {
  name: string;
  order: number;
  address: string;
  threads: number;
  memory: number;
  spilled: number;
  limit: number;
  results: Record<string, Result>;
  results_total: number;
  nbytes: number;
  tasks: Record<string, Task>;
}

export interface State {
  sessions: Record<string, Session>;
  default: string;
  lazy: Record<string, Lazy>;
}

// --- kernel to sidebar ------------------------------------------------------------------------------------------------

export interface Spans {
  session: string;
  task: number;
  operations: string[];
  workers: string[];
  first: number;
  items: number[];
}

export interface Snapshot {
  type: 'snapshot';
  number: number;
  package: string;
  now: number;
  state: State;
}

export interface Update {
  type: 'update';
  number: number;
  now: number;
  patch: Record<string, unknown>;
  spans?: Spans;
}

export interface Default {
  type: 'default';
  name: string;
}

export interface Mismatch {
  type: 'mismatch';
  version: number;
  package: string;
}

export interface Failure {
  text: string;
  hints: string[];
}

export interface Reply {
  type: 'reply';
  request: number;
  value?: Record<string, unknown>;
  error?: Failure;
}

export interface Preview {
  html: string;
  text: string;
}

/** What the kernel sends. */
export type Incoming = Snapshot | Update | Default | Mismatch | Reply;

// --- sidebar to kernel ------------------------------------------------------------------------------------------------

export interface Open {
  version: number;
  panel: string;
}

export interface Followed {
  session: string;
  task: number;
}

export interface Watch {
  type: 'watch';
  visible: boolean;
  follow?: Followed;
}

export interface TakeSnapshot {
  do: 'snapshot';
}

export interface MakeDefault {
  do: 'default';
  session: string;
}

export interface CancelTask {
  do: 'cancel';
  session: string;
  task: number;
}

export interface CloseSession {
  do: 'close';
  session: string;
}

export interface RenameSession {
  do: 'rename';
  session: string;
  name: string;
}

export interface NewSession {
  do: 'new';
  name: string;
  default: boolean;
  threads?: number;
  memory_limit?: string;
  address?: string;
  token?: string;
}

export interface FreeResult {
  do: 'free';
  session: string;
  key: string;
}

export interface PreviewResult {
  do: 'preview';
  session: string;
  key: string;
}

export type Action =
  TakeSnapshot | MakeDefault | CancelTask | CloseSession | RenameSession | NewSession | FreeResult | PreviewResult;

export interface Request {
  type: 'request';
  request: number;
  action: Action;
}

/** What the sidebar sends. */
export type Outgoing = Watch | Request;
