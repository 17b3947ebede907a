/* What the list of results has in its rows: pure. */
import { Lazy, Result, Session, State } from '../protocol';
import { isOver, OwnedTask } from './tasksOf';

export type Sorting = 'age' | 'name' | 'size';

/** What rows are about: what is being computed, what a session holds, or what is not executed. */
export type Kind = 'computing' | 'session' | 'lazy';

/** Heads rows. */
export interface GroupRow {
  type: 'group';
  key: string;
  kind: Kind;
  /** Of the session. */
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

/** Group what there is: what is being computed, the results of each session, what is not executed. */
export function rowsOf(state: State, wanted: Wanted): Row[] {
  const lazy = lazyRows(state, wanted.filter);
  const groups = [
    lazyGroup('computing', lazy, wanted),
    ...sessionGroups(state.sessions, wanted),
    lazyGroup('lazy', lazy, wanted)
  ].filter(({ rows }) => rows.length);
  if (groups.length === 1 && groups[0].head.kind === 'session') {
    return groups[0].rows;
  }
  return groups.flatMap(({ head, rows }) => (head.open ? [head, ...rows] : [head]));
}

interface Group {
  head: GroupRow;
  rows: Row[];
}

function lazyGroup(kind: 'computing' | 'lazy', all: readonly LazyRow[], { folded }: Wanted): Group {
  const rows = all.filter(row => (kind === 'computing') === Boolean(row.running));
  const key = `group ${kind}`;
  return {
    head: { type: 'group', key, kind, name: '', count: rows.length, nbytes: 0, open: !folded.has(key) },
    rows
  };
}

function lazyRows({ lazy, sessions }: State, filter: string): LazyRow[] {
  const running = new Map<number, OwnedTask>();
  for (const [session, { tasks }] of Object.entries(sessions)) {
    for (const task of Object.values(tasks)) {
      if (!isOver(task)) {
        running.set(task.number, { session, task });
      }
    }
  }
  return Object.entries(lazy)
    .filter(([, each]) => matches(each, filter))
    .map(([id, each]): LazyRow => {
      const task = each.tasks.map(number => running.get(number)).find(found => found);
      return { type: 'lazy', key: `lazy ${id}`, id, lazy: each, running: task };
    })
    .sort((a, b) => byName(a.lazy, b.lazy));
}

function sessionGroups(sessions: State['sessions'], { only, filter, sorting, folded }: Wanted): Group[] {
  return Object.entries(sessions)
    .filter(([id]) => !only || id === only)
    .sort(([, a], [, b]) => a.order - b.order)
    .map(([id, session]) => {
      const key = `group session ${id}`;
      const found = resultRows(id, session, filter, sorting);
      const { name, results_total: count, nbytes } = session;
      const unlisted = filter ? 0 : count - Object.keys(session.results).length;
      const rest: RestRow[] = unlisted > 0 ? [{ type: 'rest', key: `rest ${id}`, count: unlisted }] : [];
      const head: GroupRow = { type: 'group', key, kind: 'session', name, count, nbytes, open: !folded.has(key) };
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
  age: (a, b) => b.executed_at - a.executed_at || byName(a, b),
  name: byName,
  size: (a, b) => b.nbytes - a.nbytes || byName(a, b)
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
