/* What the list of results has in its rows: pure. */
import { Lazy, Result, Session, State } from '../protocol';
import { isOver, OwnedTask } from './tasksOf';

export type Sorting = 'age' | 'name' | 'size';

/** Heads the rows of a session, or those of what is not executed. */
export interface GroupRow {
  type: 'group';
  key: string;
  /** Id of the session; empty for what is not executed. */
  session: string;
  name: string;
  count: number;
  nbytes: number;
  open: boolean;
}

export interface ResultRow {
  type: 'result';
  key: string;
  session: string;
  id: string;
  result: Result;
}

export interface LazyRow {
  type: 'lazy';
  key: string;
  id: string;
  lazy: Lazy;
  /** Computes it now. */
  running?: OwnedTask;
}

/** Says that there are more results than the kernel tells of. */
export interface RestRow {
  type: 'rest';
  key: string;
  count: number;
}

export type Row = GroupRow | ResultRow | LazyRow | RestRow;

export interface Wanted {
  /** Id of the only session that is shown; empty for all. */
  only: string;
  filter: string;
  sorting: Sorting;
  /** Keys of the groups that are folded. */
  folded: ReadonlySet<string>;
}

/** Group what there is by sessions; what is not executed comes first. */
export function rowsOf(state: State, wanted: Wanted): Row[] {
  const groups = [lazyGroup(state, wanted), ...sessionGroups(state.sessions, wanted)].filter(({ rows }) => rows.length);
  if (groups.length === 1 && groups[0].head.session) {
    return groups[0].rows;
  }
  return groups.flatMap(({ head, rows }) => (head.open ? [head, ...rows] : [head]));
}

interface Group {
  head: GroupRow;
  rows: Row[];
}

function lazyGroup({ lazy, sessions }: State, { filter, folded }: Wanted): Group {
  const running = new Map<number, OwnedTask>();
  for (const [session, { tasks }] of Object.entries(sessions)) {
    for (const task of Object.values(tasks)) {
      if (!isOver(task)) {
        running.set(task.number, { session, task });
      }
    }
  }
  const rows = Object.entries(lazy)
    .filter(([, each]) => matches(each, filter))
    .map(([id, each]): LazyRow => {
      const task = each.tasks.map(number => running.get(number)).find(found => found);
      return { type: 'lazy', key: `lazy ${id}`, id, lazy: each, running: task };
    })
    .sort((a, b) => Number(!a.running) - Number(!b.running) || byName(a.lazy, b.lazy));
  const head = { session: '', name: '', count: rows.length, nbytes: 0, open: !folded.has('group') };
  return { head: { type: 'group', key: 'group', ...head }, rows };
}

function sessionGroups(sessions: State['sessions'], { only, filter, sorting, folded }: Wanted): Group[] {
  return Object.entries(sessions)
    .filter(([id]) => !only || id === only)
    .sort(([, a], [, b]) => a.order - b.order)
    .map(([id, session]) => {
      const key = `group ${id}`;
      const found = resultRows(id, session, filter, sorting);
      const { name, results_total: count, nbytes } = session;
      const unlisted = filter ? 0 : count - Object.keys(session.results).length;
      const rest: RestRow[] = unlisted > 0 ? [{ type: 'rest', key: `rest ${id}`, count: unlisted }] : [];
      const head: GroupRow = { type: 'group', key, session: id, name, count, nbytes, open: !folded.has(key) };
      return { head, rows: [...found, ...rest] };
    });
}

function resultRows(session: string, { results }: Session, filter: string, sorting: Sorting): ResultRow[] {
  return Object.entries(results)
    .filter(([, result]) => matches(result, filter))
    .sort(([, a], [, b]) => ORDERS[sorting](a, b))
    .map(([id, result]) => ({ type: 'result', key: `${session} ${id}`, session, id, result }));
}

const ORDERS: Record<Sorting, (a: Result, b: Result) => number> = {
  age: (a, b) => b.executed_at - a.executed_at,
  name: byName,
  size: (a, b) => b.nbytes - a.nbytes
};

interface Thing {
  kind: string;
  label: string;
  dtype: string;
  names: string[];
}

/** What things are called: by variables, or by their operations. */
export function nameOf({ names, label }: Thing): string {
  return names.length ? names.join(', ') : label;
}

/** Named ones first. */
function byName(a: Thing, b: Thing): number {
  return Number(!a.names.length) - Number(!b.names.length) || collator.compare(nameOf(a), nameOf(b));
}

const collator = new Intl.Collator(undefined, { numeric: true });

function matches({ kind, label, dtype, names }: Thing, filter: string): boolean {
  const text = filter.trim().toLowerCase();
  return !text || [...names, label, kind, dtype].some(each => each.toLowerCase().includes(text));
}
