import { Snapshot, State, Update } from '../protocol';
import { mergePatch } from './patch';
import { extend, Timeline } from './timeline';

/** What the kernel has told. */
export interface Known {
  readonly state: State;
  /** Version of mars_nb. */
  readonly package: string;
  /** Of the last message. */
  readonly number: number;
  /** The kernel's clock less that of the page, in seconds. */
  readonly offset: number;
  readonly timeline?: Timeline;
}

/** Take a snapshot, in place of what was known; the timeline goes on. */
export function restart(before: Known | undefined, message: Snapshot, clock: number): Known {
  const { state, number } = message;
  return { state, number, package: message.package, offset: message.now - clock, timeline: before?.timeline };
}

/**
 * Take an update.
 *
 * @returns undefined if one before it is missing; what was known before if it is older than that.
 */
export function advance(before: Known, message: Update, clock: number): Known | undefined {
  if (message.number <= before.number) {
    return before;
  }
  if (message.number !== before.number + 1) {
    return undefined;
  }
  const { number, spans } = message;
  return {
    ...before,
    number,
    state: mergePatch(before.state, message.patch),
    // A message that was long on its way makes the kernel's clock seem late: the quickest one was nearest to the truth.
    offset: Math.max(before.offset, message.now - clock),
    timeline: spans ? extend(before.timeline, spans) : before.timeline
  };
}
