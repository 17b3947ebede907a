import { Lazy, State } from '../../src/protocol';
import { Row, rowsOf, Wanted } from '../../src/ui/rows';
import { result, session, stateOf, task } from '../examples';

const ALL: Wanted = { only: '', filter: '', sorting: 'age', folded: new Set() };

function lazy(facts: Partial<Lazy> = {}): Lazy {
  return { ...result(), names: ['x'], tasks: [], ...facts };
}

/** Rows as short texts. */
function texts(state: State, wanted: Partial<Wanted> = {}): string[] {
  return rowsOf(state, { ...ALL, ...wanted }).map(textOf);
}

function textOf(row: Row): string {
  switch (row.type) {
    case 'group':
      return `[${row.name || row.kind}${row.open ? '' : ' folded'}]`;
    case 'rest':
      return `+${row.count}`;
    case 'lazy':
      return `${row.lazy.names.join()}${row.running ? ' running' : ''}`;
    case 'result':
      return row.result.names.join() || row.result.label;
  }
}

const RESULTS = {
  a: result({ names: ['df10'], nbytes: 5, executed_at: 1 }),
  b: result({ names: ['df9'], nbytes: 3, executed_at: 3 }),
  c: result({ names: [], label: 'sum', nbytes: 9, executed_at: 2, dtype: 'int64' })
};
const ONE = stateOf(session({ results: RESULTS, results_total: 3 }));

test.each([
  ['age', ['df9', 'sum', 'df10']],
  ['name', ['df9', 'df10', 'sum']],
  ['size', ['sum', 'df10', 'df9']]
] as const)('sorted by %s', (sorting, expected) => expect(texts(ONE, { sorting })).toEqual(expected));

test.each(['age', 'size'] as const)('sorted by %s, those that are alike are sorted by name', sorting => {
  const results = { a: result({ names: ['x10'] }), b: result({ names: ['x2'] }), c: result({ names: ['x1'] }) };
  expect(texts(stateOf(session({ results })), { sorting })).toEqual(['x1', 'x2', 'x10']);
});

test.each([
  ['DF1', ['df10']],
  ['int6', ['sum']],
  [' sum ', ['sum']],
  ['DataFrame', ['df9', 'sum', 'df10']],
  ['zzz', []]
])('filtered by %p', (filter, expected) => expect(texts(ONE, { filter })).toEqual(expected));

test('sessions are groups as soon as there are several with results', () => {
  const two = stateOf(
    session({ results: RESULTS, results_total: 3 }),
    session({ name: 'b', results: { a: result() } })
  );
  expect(texts(two)).toEqual(['[main]', 'df9', 'sum', 'df10', '[b]', 'df']);
  expect(texts(two, { only: '2' })).toEqual(['df']);
  expect(texts(two, { folded: new Set(['group session 1']) })).toEqual(['[main folded]', '[b]', 'df']);
});

test('what is being computed comes first, what is not executed last', () => {
  const tasks = { 7: task({ number: 7 }), 8: task({ number: 8, state: 'done' }) };
  const state: State = {
    ...stateOf(session({ tasks, results: { a: result() } })),
    lazy: { x: lazy(), y: lazy({ names: ['y'], tasks: [8, 7] }), z: lazy({ names: ['a'], tasks: [8] }) }
  };
  expect(texts(state)).toEqual(['[computing]', 'y running', '[main]', 'df', '[lazy]', 'a', 'x']);
});

test('results that the kernel does not list are counted', () => {
  const state = stateOf(session({ results: RESULTS, results_total: 5003 }));
  expect(texts(state).at(-1)).toBe('+5000');
  expect(texts(state, { filter: 'df' })).toEqual(['df9', 'df10']);
});
