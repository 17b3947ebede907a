/* The marks that progress outputs bear in their metadata. They pass on IOPub anyway, also while the panel is hidden. */

/** How a task stood when its progress was drawn. */
export interface Mark {
  /** Names the output. */
  progress: string;
  /** Id of its cell; missing in consoles. */
  cell_id?: string;
  /** Name of the session; this and the following are missing in notebooks that older versions wrote. */
  session?: string;
  /** From 0 to 1. */
  fraction?: number;
  state?: string;
}

/** Tasks that run, by their marks' ids. */
export type Marks = ReadonlyMap<string, Mark>;

/** Find the mark in an output's metadata. */
export function markOf(metadata: unknown): Mark | undefined {
  return (metadata as { mars_nb?: Mark } | undefined)?.mars_nb;
}

/** Take a mark into account: of what runs the last one is kept, of what ended none. */
export function withMark(marks: Marks, mark: Mark): Marks {
  const after = new Map(marks);
  if (mark.state === 'running') {
    after.set(mark.progress, mark);
  } else {
    after.delete(mark.progress);
  }
  return after;
}

/** How far the running tasks of a session are, from 0 to 1; undefined if none is known to run. */
export function markedFraction(marks: Marks, session: string): number | undefined {
  return mean([...marks.values()].filter(mark => mark.session === session).map(mark => mark.fraction ?? 0));
}

/** The mean; undefined of nothing. */
export function mean(numbers: readonly number[]): number | undefined {
  return numbers.length ? numbers.reduce((sum, each) => sum + each, 0) / numbers.length : undefined;
}
