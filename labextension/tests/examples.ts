import { Result, Session, State, Task } from '../src/protocol';

/** A session that holds nothing and does nothing, but for what is said. */
export function session(facts: Partial<Session> = {}): Session {
  return {
    name: 'main',
    order: 1,
    address: '',
    threads: 2,
    memory: 0,
    spilled: 0,
    limit: 1e9,
    results: {},
    results_total: 0,
    nbytes: 0,
    tasks: {},
    ...facts
  };
}

/** Sessions "1", "2" and so on, the first of which is the default. */
export function stateOf(...sessions: Session[]): State {
  return {
    sessions: Object.fromEntries(sessions.map((each, i) => [String(i + 1), { ...each, order: i + 1 }])),
    default: sessions.length ? '1' : '',
    lazy: {}
  };
}

export function result(facts: Partial<Result> = {}): Result {
  return {
    kind: 'DataFrame',
    label: 'DataFrameReadCSV',
    dtype: '',
    shape: [10, 2],
    nbytes: 160,
    spilled: 0,
    chunks: 1,
    executed_at: 0,
    place: 'In[3], line 2',
    cell: 'c3',
    line: 2,
    names: ['df'],
    ...facts
  };
}

export function task(facts: Partial<Task> = {}): Task {
  return {
    number: 7,
    label: 'DataFrameSum',
    place: 'In[4], line 1',
    cell: 'c4',
    line: 1,
    state: 'running',
    started_at: 0,
    elapsed: 1,
    done: 1,
    running: 1,
    total: 4,
    fraction: 0.25,
    peak: 0,
    operations: {},
    ...facts
  };
}
