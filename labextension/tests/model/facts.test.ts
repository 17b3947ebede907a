import { blankOf, Facts, isReady } from '../../src/model/blank';
import { markedFraction, markOf, Marks, withMark } from '../../src/model/marks';
import { findMarked, isDropped } from '../../src/model/outputs';
import { findCell } from '../../src/model/place';
import { standingOf } from '../../src/model/standing';
import { session, stateOf, task } from '../examples';

describe('why there is nothing to show', () => {
  const live: Facts = {
    front: true,
    preparing: false,
    kernel: { status: 'idle', connection: 'connected' },
    language: 'python',
    phase: 'open',
    told: true
  };

  test.each<[Partial<Facts>, string | undefined, boolean]>([
    [{}, undefined, true],
    [{ kernel: { status: 'busy', connection: 'connected' } }, undefined, true],
    [{ kernel: { status: 'unknown', connection: 'connected' }, phase: 'opening', told: false }, 'starting', true],
    [{ front: false, kernel: undefined, language: undefined, phase: 'none', told: false }, 'no-kernel', false],
    [{ kernel: undefined, phase: 'none', told: false }, 'no-kernel', false],
    [{ kernel: undefined, preparing: true, phase: 'none', told: false }, 'starting', false],
    [{ preparing: true }, 'starting', false],
    [{ kernel: { status: 'dead', connection: 'connected' } }, 'dead', false],
    [{ kernel: { status: 'unknown', connection: 'disconnected' } }, 'dead', false],
    [{ kernel: { status: 'starting', connection: 'connected' }, phase: 'none', told: false }, 'starting', false],
    [{ language: 'r', phase: 'none', told: false }, 'other-language', false],
    [{ language: undefined, phase: 'none', told: false }, 'starting', false],
    [{ phase: 'not-loaded', told: false }, 'not-loaded', true],
    [{ phase: 'mismatch', told: false }, 'mismatch', true],
    [{ phase: 'open', told: false }, 'starting', true]
  ])('%j: %s', (facts, blank, ready) => {
    expect(blankOf({ ...live, ...facts })).toBe(blank);
    expect(isReady({ ...live, ...facts })).toBe(ready);
  });
});

describe('marks', () => {
  const mark = { progress: 'p1', session: 'etl', fraction: 0.5, state: 'running' };

  test('are found in metadata', () => {
    expect(markOf({ mars_nb: mark })).toBe(mark);
    expect(markOf({})).toBeUndefined();
    expect(markOf(undefined)).toBeUndefined();
  });

  test('count as long as their tasks run', () => {
    let marks: Marks = new Map();
    marks = withMark(marks, mark);
    marks = withMark(marks, { ...mark, progress: 'p2', fraction: 1 });
    marks = withMark(marks, { ...mark, progress: 'p3', session: 'other', fraction: 0 });
    expect(markedFraction(marks, 'etl')).toBe(0.75);
    marks = withMark(marks, { ...mark, progress: 'p2', state: 'done' });
    expect(markedFraction(marks, 'etl')).toBe(0.5);
    expect(markedFraction(marks, 'none')).toBeUndefined();
  });

  test('of an older version say nothing of a session', () => {
    expect(withMark(new Map(), { progress: 'p', cell_id: 'c' }).size).toBe(0);
  });
});

describe('how the default session stands', () => {
  const marks: Marks = new Map([['p', { progress: 'p', session: 'etl', fraction: 0.426, state: 'running' }]]);

  test('is told by marks while nothing else is told', () => {
    expect(standingOf('etl', undefined, marks)).toEqual({ name: 'etl', percent: 42 });
    expect(standingOf('other', undefined, marks)).toEqual({ name: 'other', percent: undefined });
    expect(standingOf('', undefined, marks)).toBeUndefined();
  });

  test('is told by the state if there is one', () => {
    const tasks = { '7': task({ fraction: 0.25 }), '8': task({ number: 8, fraction: 0.75 }) };
    expect(standingOf('etl', stateOf(session({ name: 'etl', tasks })), marks)?.percent).toBe(50);
    const over = { '7': task({ state: 'done', fraction: 1 }) };
    expect(standingOf('etl', stateOf(session({ name: 'etl', tasks: over })), marks)?.percent).toBeUndefined();
  });
});

describe('progress outputs', () => {
  const opened = new Date('2026-11-23T10:00:00Z');

  test.each([
    ['of another page, before this one was opened', { session: 'other', date: '2026-11-23T09:59:59Z' }, true],
    ['of another page that is open, too', { session: 'other', date: '2026-11-23T10:00:01Z' }, false],
    ['of this page', { session: 'own', date: '2026-11-23T09:59:59Z' }, false],
    ['of nobody', {}, true]
  ])('%s', (_, asked, dropped) => {
    expect(isDropped(asked, 'own', opened)).toBe(dropped);
  });

  test('are found again by their mark', () => {
    const outputs = [{}, { mars_nb: { progress: 'p1' } }, { mars_nb: { progress: 'p2' } }];
    expect(findMarked(outputs, { progress: 'p2' })).toBe(2);
    expect(findMarked(outputs, { progress: 'p3' })).toBe(-1);
  });
});

describe('cells', () => {
  const cells = [
    { id: 'a', count: 3 },
    { id: 'b', count: null },
    { id: 'c', count: 12 }
  ];

  test.each([
    ['by id', { cell: 'b', place: 'In[3], line 1' }, 1],
    ['by number where the id is not known', { cell: '', place: 'In[12], line 4' }, 2],
    ['by number where the id is gone', { cell: 'x', place: 'In[3]' }, 0],
    ['not at all', { cell: 'x', place: 'In[4], line 1' }, -1],
    ['not at all in a file', { cell: '', place: 'etl.py, line 3' }, -1]
  ])('are found %s', (_, where, index) => {
    expect(findCell(cells, { line: 1, ...where })).toBe(index);
  });
});
