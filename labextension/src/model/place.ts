import { Recorded } from '../protocol';

/** What cells are found by. */
export interface CellFacts {
  id: string;
  count: number | null;
}

/** Find the cell where something was recorded: by its id, or else by the number in "In[3], line 2"; -1 if there is none. */
export function findCell(cells: readonly CellFacts[], { cell, place }: Recorded): number {
  const index = cell ? cells.findIndex(each => each.id === cell) : -1;
  const count = Number(/^In\[(\d+)\]/.exec(place)?.[1] ?? NaN);
  return index >= 0 ? index : cells.findIndex(each => each.count === count);
}
