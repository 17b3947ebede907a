import { Span } from '../../model/timeline';

/** How long something was busy, and with how many chunk tasks. */
export interface Busy {
  index: number;
  seconds: number;
  tasks: number;
}

/** Sum up spans by worker or by operation, in the order of their numbers. */
export function busyBy(spans: readonly Span[], by: 'worker' | 'operation'): Busy[] {
  const found = new Map<number, Busy>();
  for (const span of spans) {
    const sum = found.get(span[by]) ?? { index: span[by], seconds: 0, tasks: 0 };
    sum.seconds += span.duration / 1000;
    sum.tasks += span.tasks;
    found.set(span[by], sum);
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}
