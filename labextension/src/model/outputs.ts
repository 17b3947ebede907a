import { Mark, markOf } from './marks';

/** Whose message it is that a cell's progress is drawn by. */
export interface Asked {
  /** Of the connection that asked for the execution, and when that was. */
  session?: string;
  date?: string;
}

/**
 * Whether the front end drops a progress output, so that it has to be put into its cell: it does so with what another
 * page has asked for. Of what was asked for since this page was opened the other page is open, too, and shows it; only
 * one of the two should change the notebook.
 */
export function isDropped(asked: Asked, ownSession: string, opened: Date): boolean {
  return asked.session !== ownSession && new Date(asked.date ?? 0) <= opened;
}

/** Where in a cell's outputs progress is shown, -1 if nowhere: a saved output bears its mark, but no display id. */
export function findMarked(metadata: Iterable<unknown>, mark: Mark): number {
  return [...metadata].findIndex(each => markOf(each)?.progress === mark.progress);
}
