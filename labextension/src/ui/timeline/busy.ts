import { Span } from '../../model/timeline';

/** How long something was busy, and with how many chunk tasks. */
export interface Busy {
  index: number;
  seconds: number;
  tasks: number;
}

/** Sum up spans by what `indexOf` gives, in its order. */
export function busyBy(spans: readonly Span[], indexOf: (span: Span) => number): Busy[] {
  const found = new Map<number, Busy>();
  for (const span of spans) {
    const index = indexOf(span);
    const sum = found.get(index) ?? { index, seconds: 0, tasks: 0 };
    sum.seconds += span.duration / 1000;
    sum.tasks += span.tasks;
    found.set(index, sum);
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}
