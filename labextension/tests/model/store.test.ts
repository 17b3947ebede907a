import { mergePatch } from '../../src/model/patch';
import { advance, Known, restart } from '../../src/model/store';
import { extend } from '../../src/model/timeline';
import { Snapshot, Spans, State, Update } from '../../src/protocol';
import { session, stateOf } from '../examples';

const snapshot = (state: State, number = 0, now = 100): Snapshot => ({
  type: 'snapshot',
  number,
  package: '1.0',
  now,
  state
});
const update = (number: number, patch: Update['patch'], now = 100): Update => ({ type: 'update', number, now, patch });

describe('mergePatch', () => {
  test.each([
    [{ a: 1 }, { a: 2 }, { a: 2 }],
    [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: null }, { b: 2 }],
    [{ a: { b: 1, c: 2 } }, { a: { b: 3 } }, { a: { b: 3, c: 2 } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: 1 }, { a: { b: { c: null } } }, { a: { b: {} } }],
    [{ a: { b: 1 } }, { a: [] }, { a: [] }]
  ])('%j by %j is %j', (target, patch, expected) => {
    expect(mergePatch<unknown>(target, patch)).toEqual(expected);
  });

  test('what does not change stays the same object', () => {
    const before = { a: { x: 1 }, b: { y: 1 } };
    const after = mergePatch(before, { b: { y: 2 } });
    expect(after.a).toBe(before.a);
    expect(before.b.y).toBe(1);
  });
});

describe('what was told', () => {
  const state = stateOf(session({ name: 'a' }), session({ name: 'b' }));
  const known = restart(undefined, snapshot(state, 5), 90);

  test('a snapshot is all there is', () => {
    expect(known).toMatchObject({ state, number: 5, package: '1.0', offset: 10 });
  });

  test('updates follow it, and change only what they name', () => {
    const after = advance(known, update(6, { sessions: { '1': { name: 'c' } } }), 90);
    expect(after?.number).toBe(6);
    expect(after?.state.sessions['1'].name).toBe('c');
    expect(after?.state.sessions['2']).toBe(state.sessions['2']);
  });

  test('one that is missing is found', () => {
    expect(advance(known, update(7, {}), 90)).toBeUndefined();
  });

  test.each([4, 5])('one that is older changes nothing', number => {
    expect(advance(known, update(number, { default: 'x' }), 90)).toBe(known);
  });

  test("the kernel's clock is known by the message that was quickest", () => {
    let now: Known | undefined = restart(undefined, snapshot(state, 0, 100), 90.5);
    expect(now.offset).toBe(9.5);
    now = advance(now, update(1, {}, 101), 91);
    expect(now?.offset).toBe(10);
    now = now && advance(now, update(2, {}, 102), 93);
    expect(now?.offset).toBe(10);
  });

  test('the timeline goes on over a snapshot', () => {
    const spans: Spans = { session: '1', task: 7, operations: ['a'], workers: ['t'], first: 0, items: [0, 0, 1, 2, 1] };
    const followed = advance(known, { ...update(6, {}), spans }, 90);
    expect(followed?.timeline?.spans).toHaveLength(1);
    expect(restart(followed, snapshot(state, 9), 90).timeline).toBe(followed?.timeline);
  });
});

describe('timeline', () => {
  const first: Spans = {
    session: '1',
    task: 7,
    operations: ['a'],
    workers: ['t1'],
    first: 0,
    items: [0, 0, 0, 10, 1, 0, 0, 10, 5, 2]
  };
  const before = extend(undefined, first);

  test('is read five numbers at a time', () => {
    expect(before.spans).toEqual([
      { operation: 0, worker: 0, start: 0, duration: 10, tasks: 1 },
      { operation: 0, worker: 0, start: 10, duration: 5, tasks: 2 }
    ]);
  });

  test('what is told anew takes the place of what was told from there on', () => {
    const after = extend(before, {
      ...first,
      workers: ['t1', 't2'],
      first: 1,
      items: [0, 0, 10, 9, 3, 0, 1, 12, 1, 1]
    });
    expect(after.spans.map(span => [span.worker, span.duration])).toEqual([
      [0, 10],
      [0, 9],
      [1, 1]
    ]);
    expect(after.workers).toEqual(['t1', 't2']);
    expect(before.spans).toHaveLength(2);
  });

  test.each([{ task: 8 }, { session: '2' }])('of another task it begins anew', other => {
    expect(extend(before, { ...first, ...other, items: [0, 0, 1, 1, 1] }).spans).toHaveLength(1);
  });
});
