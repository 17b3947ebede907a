import { Operation } from '../../src/protocol';
import { chosenOperations, ordered } from '../../src/ui/operations';
import { history, OwnedTask, queueOf, runningTasks, shownByItself, taskKey } from '../../src/ui/tasksOf';
import { session, stateOf, task } from '../examples';

const TASKS = {
  1: task({ number: 1, state: 'done' }),
  2: task({ number: 2, total: 10, done: 4, running: 2 }),
  3: task({ number: 3, state: 'waiting', total: 5, done: 0, running: 0 }),
  4: task({ number: 4, total: 3, done: 3, running: 0 }),
  5: task({ number: 5, state: 'failed', total: 9, done: 0, running: 0 })
};

test('the queue has what waits and what was not begun', () =>
  expect(queueOf(session({ tasks: TASKS }))).toEqual({ waiting: 1, chunkTasks: 9 }));

test('what runs is in the order of its starts', () =>
  expect(runningTasks(session({ tasks: TASKS })).map(each => each.number)).toEqual([2, 4]));

test('the history has what runs, what waits, what ended; the newest first', () => {
  const { sessions } = stateOf(session({ tasks: TASKS }), session({ tasks: { 6: task({ number: 6 }) } }));
  expect(history(sessions, '').map(taskKey)).toEqual(['2 6', '1 4', '1 2', '1 3', '1 5', '1 1']);
  expect(history(sessions, '2').map(taskKey)).toEqual(['2 6']);
});

describe('the task that is shown by itself', () => {
  const owned = (number: number, state: 'running' | 'done'): OwnedTask => ({
    session: '1',
    task: task({ number, state })
  });

  test.each([
    ['nothing', undefined, [], undefined],
    ['the newest', undefined, [owned(3, 'running'), owned(2, 'running')], '1 3'],
    ['the one that still runs', '1 2', [owned(3, 'running'), owned(2, 'running')], '1 2'],
    ['the next that runs', '1 2', [owned(3, 'running'), owned(2, 'done')], '1 3'],
    ['the one that ended, if nothing runs', '1 2', [owned(3, 'done'), owned(2, 'done')], '1 2'],
    ['the newest, if it is gone', '1 9', [owned(3, 'done'), owned(2, 'done')], '1 3']
  ])('%s', (_, before, tasks, expected) => expect(shownByItself(before, tasks)).toBe(expected));
});

describe('operations', () => {
  const operation = (order: number, done: number, running: number): Operation => ({
    label: `op${order}`,
    order,
    done,
    running,
    total: 4,
    place: '',
    cell: '',
    line: 0
  });
  const all = ordered({ d: operation(3, 0, 0), a: operation(0, 4, 0), c: operation(2, 1, 1), b: operation(1, 2, 0) });

  test('are in the order of recording', () => expect(all.map(each => each.key)).toEqual(['a', 'b', 'c', 'd']));

  test.each([
    [1, ['c']],
    [2, ['b', 'c']],
    [3, ['b', 'c', 'd']],
    [4, ['a', 'b', 'c', 'd']]
  ])('%d of them: those that run first', (most, keys) =>
    expect(chosenOperations(all, most).map(each => each.key)).toEqual(keys)
  );
});
