/*
 * What the panel's components draw from, and what they may ask for. The components know this only: neither kernels nor
 * comms. `kernel/` implements it, tests have a double.
 */
import { ISignal } from '@lumino/signaling';

import { Action, Followed, Recorded, Result, State } from '../protocol';
import { Timeline } from './timeline';

/** Why there is nothing to show. */
export type Blank =
  | 'no-kernel' // nothing in front that could have a kernel, or it has none
  | 'starting' // the kernel starts, restarts, or has not answered yet
  | 'not-loaded' // %load_ext mars_nb was not run
  | 'dead' // the kernel died, or its connection broke
  | 'mismatch' // the two halves have different versions
  | 'other-language'; // no Python

/** What is in front, and what is known of it. */
export interface View {
  /** Name of the notebook or console in front, empty if there is none. */
  title: string;
  /** Missing if there is a state. */
  blank?: Blank;
  /** The other half's version, if that is why. */
  detail?: string;
  /** What the kernel told; kept unchanged in place (===) where nothing changed in it. */
  state?: State;
  /** Requests wait until the cell is over: the kernel has no subshells. */
  waits: boolean;
  /** Spans of the task that is followed. */
  timeline?: Timeline;
}

export interface IPanelModel {
  readonly view: View;
  /** Told at most once for each frame that the browser draws. */
  readonly changed: ISignal<IPanelModel, void>;
  /** The kernel's time, in seconds since the epoch. */
  now(): number;
  /** Ask for something; fails with a `RequestFailed`. */
  request(action: Action): Promise<Record<string, unknown>>;
  /** Follow the spans of a task, or none. */
  follow(task?: Followed): void;
  /** Put `%load_ext mars_nb` into a cell of the notebook (or the console's prompt) in front. */
  insertLoad(): void;
  /** Put code that fetches a result into the active cell. */
  insertFetch(session: string, result: Result): void;
  /** Go to where something was recorded; false if it is not there (any more). */
  goTo(where: Recorded): boolean;
}

/** Something could not be done. */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly hints: readonly string[] = []
  ) {
    super(message);
  }
}
