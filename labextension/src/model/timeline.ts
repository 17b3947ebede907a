import { Spans } from '../protocol';

/** What ran where and when: some chunk tasks of one operation, one after the other, on one thread or worker. */
export interface Span {
  operation: number;
  worker: number;
  /** Milliseconds since the task was started. */
  start: number;
  duration: number;
  tasks: number;
}

/** What a task ran so far. */
export interface Timeline {
  readonly session: string;
  readonly task: number;
  /** Keys of operations, and names of threads or workers. */
  readonly operations: readonly string[];
  readonly workers: readonly string[];
  readonly spans: readonly Span[];
}

/** Take what was told into account. */
export function extend(before: Timeline | undefined, told: Spans): Timeline {
  const same = before?.session === told.session && before.task === told.task;
  const spans = same ? before.spans.slice(0, told.first) : [];
  for (let i = 0; i + 4 < told.items.length; i += 5) {
    const [operation, worker, start, duration, tasks] = told.items.slice(i, i + 5);
    spans.push({ operation, worker, start, duration, tasks });
  }
  const { session, task, operations, workers } = told;
  return { session, task, operations, workers, spans };
}
