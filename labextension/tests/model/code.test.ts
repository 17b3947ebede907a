import { editOf, fetchCode, insertCode, LOAD, withoutKnown } from '../../src/model/code';
import { result, session } from '../examples';

const IMPORT = 'import mars_nb';

/** The cursor is written as `|`. */
const read = (text: string) => ({ text: text.replace('|', ''), cursor: text.indexOf('|') });
const write = ({ text, cursor }: { text: string; cursor: number }) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

describe('code that fetches', () => {
  const etl = session({ name: "Anna's" });

  test('a variable of the default session', () => {
    expect(fetchCode(etl, true, 'k', result({ names: ['df', 'Out[3]'] }))).toEqual({
      before: '',
      expression: 'df.fetch()'
    });
  });

  test('a variable of another session', () => {
    expect(fetchCode(etl, false, 'k', result({ names: ['parts[0]'] }))).toEqual({
      before: IMPORT,
      expression: "mars_nb.get_session('Anna\\'s').fetch(parts[0])"
    });
  });

  test('a collection of Dask', () => {
    expect(fetchCode(etl, true, 'k', result({ label: 'dask.Array', names: ['x'] }))).toEqual({
      before: IMPORT,
      expression: 'mars_nb.fetch(x)'
    });
  });

  test('an output, but not by a name that is about to be another one', () => {
    expect(fetchCode(etl, true, 'k', result({ names: ['_', 'Out[3]'] })).expression).toBe('Out[3].fetch()');
  });

  test('what has no name', () => {
    const held = "mars_nb.get_session('main')";
    expect(fetchCode(session(), true, 'k1', result({ names: [] }))).toEqual({
      before: IMPORT,
      expression: `${held}.fetch(${held}.results['k1'])`
    });
  });
});

test.each([
  [['x = 1', 'import mars_nb\nimport os'], ''],
  [['import mars_nb as m', '# import mars_nb', 'import mars_nb.tensor as mt'], IMPORT]
])('what %j has need not stand before', (sources, before) => {
  expect(withoutKnown({ before: IMPORT, expression: 'x' }, sources).before).toBe(before);
});

describe('where code is put', () => {
  test.each([
    ['an empty cell', '|', 'f()|'],
    ['a value that is waited for', 'x = |', 'x = f()|'],
    ['an argument', 'plot(|', 'plot(f()|'],
    ['a line that is complete', 'df.su|m()', 'df.sum()\nf()|'],
    ['between lines', 'a = 1|\nb = 2', 'a = 1\nf()|\nb = 2'],
    ['a blank line', 'a = 1\n|\nb = 2', 'a = 1\nf()|\nb = 2'],
    ['a block', 'if a:\n    b()|', 'if a:\n    b()\n    f()|'],
    ['the beginning of a line', 'a = 1\n|b = 2', 'a = 1\nb = 2\nf()|']
  ])('%s', (_, before, after) => {
    expect(write(insertCode(read(before), { before: '', expression: 'f()' }))).toBe(after);
  });

  test.each([
    ['an empty cell', '|', 'import m\nf()|'],
    ['a value that is waited for', '  x = |', '  import m\n  x = f()|'],
    ['a line that is complete', 'a()|', 'a()\nimport m\nf()|']
  ])('%s, with something before', (_, before, after) => {
    expect(write(insertCode(read(before), { before: 'import m', expression: 'f()' }))).toBe(after);
  });
});

test('the extension is loaded as the guide says', () => {
  expect(LOAD).toBe('%load_ext mars_nb');
});

test.each([
  ['', 'abc', { start: 0, end: 0, text: 'abc' }],
  ['ac', 'abc', { start: 1, end: 1, text: 'b' }],
  ['aa', 'aaa', { start: 2, end: 2, text: 'a' }],
  ['abc', 'axc', { start: 1, end: 2, text: 'x' }],
  ['abc', 'abc', { start: 3, end: 3, text: '' }]
])('%j becomes %j by one edit', (before, after, edit) => {
  expect(editOf(before, after)).toEqual(edit);
});
