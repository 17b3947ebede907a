import { Operation, Task } from '../protocol';

/** An operation with its key. */
export interface Named {
  key: string;
  operation: Operation;
}

/** In the order of recording. */
export function ordered(operations: Record<string, Operation>): Named[] {
  return Object.entries(operations)
    .map(([key, operation]) => ({ key, operation }))
    .sort((a, b) => a.operation.order - b.operation.order);
}

/** Choose those that are shown where there is little room: those that run, then those to come; in their order. */
export function chosenOperations(all: readonly Named[], most: number): readonly Named[] {
  if (all.length <= most) {
    return all;
  }
  const kept = new Set([...all].sort((a, b) => urgency(a.operation) - urgency(b.operation)).slice(0, most));
  return all.filter(each => kept.has(each));
}

function urgency({ done, running, total }: Operation): number {
  if (running) {
    return 0;
  }
  if (done === total) {
    return 3;
  }
  return done ? 1 : 2;
}

/** An operation by its key in a timeline; the kernel may tell of it a moment later. */
export function operationOf(task: Task, key: string): Operation | undefined {
  return (task.operations as Partial<Task['operations']>)[key];
}
