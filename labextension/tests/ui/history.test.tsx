import { act, fireEvent, screen, within } from '@testing-library/react';

import { Timeline } from '../../src/model/timeline';
import { Operation, State, Task } from '../../src/protocol';
import { session, stateOf, task } from '../examples';
import { find, showPanel, showState } from './page';

function stateWith(...tasks: Task[]): State {
  return stateOf(session({ tasks: Object.fromEntries(tasks.map(each => [each.number, each])) }));
}

function row(container: HTMLElement, number: number): HTMLElement {
  return find(container, `[data-section=tasks] .mars-nb-Item[data-task="${number}"]`);
}

const main = (of: HTMLElement) => find(of, '[data-main]');
const isOpen = (of: HTMLElement) => main(of).getAttribute('aria-expanded') === 'true';
const done = (number: number) =>
  task({ number, state: 'done', started_at: 900, elapsed: 40, peak: 2 ** 30, fraction: 1 });

test('the history tells states, durations and peak memory', () => {
  const failed = task({ number: 8, state: 'failed', elapsed: 0.05, error: 'ValueError: no' });
  const { container } = showState(stateWith(done(3), failed));
  expect(main(row(container, 3)).textContent).toBe('3DataFrameSum40.0 sdonepeak 1.00 GiB1 min ago');
  expect(row(container, 8).dataset.state).toBe('failed');
  expect(row(container, 8).textContent).toMatch('ValueError: no');
  expect(within(row(container, 3)).queryByRole('button', { name: /Cancel/ })).toBeNull();
});

test('the running task is open and followed, then the next; until the user chooses', () => {
  const { container, model } = showState(stateWith(done(3), task({ number: 4 })));
  expect([isOpen(row(container, 4)), isOpen(row(container, 3))]).toEqual([true, false]);
  expect(model.followed.at(-1)).toEqual({ session: '1', task: 4 });

  model.tell({ state: stateWith(done(3), done(4), task({ number: 5 })) });
  expect(model.followed.at(-1)).toEqual({ session: '1', task: 5 });
  expect(isOpen(row(container, 5))).toBe(true);

  fireEvent.click(main(row(container, 3)));
  expect(model.followed.at(-1)).toEqual({ session: '1', task: 3 });
  model.tell({ state: stateWith(done(3), done(4), done(5), task({ number: 6 })) });
  expect(isOpen(row(container, 3))).toBe(true);

  fireEvent.click(main(row(container, 3)));
  expect(model.followed.at(-1)).toBeUndefined();
});

test('nothing is followed while the section is folded', () => {
  const { container, model } = showState(stateWith(task({ number: 4 })));
  const fold = find(container, '[data-section=tasks] h3 button');
  fireEvent.click(fold);
  expect(model.followed.at(-1)).toBeUndefined();
  fireEvent.click(fold);
  expect(model.followed.at(-1)).toEqual({ session: '1', task: 4 });
});

test('how a task ends is said, once', () => {
  const { model } = showState(stateWith(done(3), task({ number: 4 })));
  expect(screen.getByRole('status').textContent).toBe('');
  model.tell({ state: stateWith(done(4)) });
  expect(screen.getByText('Task 4 is done.').getAttribute('role')).toBe('status');
  model.tell({ state: stateWith(done(4), task({ number: 5, fraction: 0.1 })) });
  expect(screen.getByText('Task 4 is done.')).toBeTruthy();
});

test('the time of a running task goes on', () => {
  const { container } = showState(stateWith(task({ number: 4, started_at: 990, elapsed: 2 })));
  expect(row(container, 4).textContent).toMatch('1 of 4 chunk tasks, 10 s');
});

test('of many operations those that run are shown, and the others on demand', () => {
  const operation = { label: 'step', place: '', cell: '', line: 0, done: 0, running: 0, total: 1 };
  const operations = Object.fromEntries(
    Array.from({ length: 40 }, (_, order) => [`k${order}`, { ...operation, order, running: Number(order === 30) }])
  );
  const { container } = showState(stateWith(task({ number: 4, operations })));
  const shown = () => [...row(container, 4).querySelectorAll<HTMLElement>('.mars-nb-Operation')];
  expect(shown()).toHaveLength(16);
  expect(shown().at(-1)?.dataset.running).toBe('true');
  fireEvent.click(screen.getByRole('button', { name: 'Show 24 more operations' }));
  expect(shown()).toHaveLength(40);
  fireEvent.click(screen.getByRole('button', { name: 'Show fewer operations' }));
  expect(shown()).toHaveLength(16);
});

describe('a timeline', () => {
  const operation: Operation = {
    label: 'sum',
    order: 3,
    done: 1,
    running: 0,
    total: 2,
    place: 'In[1], line 1',
    cell: 'c1',
    line: 1
  };
  const timeline: Timeline = {
    session: '1',
    task: 4,
    operations: ['a', 'gone', 'a'],
    workers: ['w-0', 'w-1'],
    spans: [
      { operation: 0, worker: 0, start: 0, duration: 100, tasks: 2 },
      { operation: 1, worker: 1, start: 50, duration: 1500, tasks: 1 },
      { operation: 2, worker: 0, start: 100, duration: 400, tasks: 1 }
    ]
  };
  const state = stateWith(task({ number: 4, state: 'done', operations: { a: operation } }), done(3));
  const open = () => {
    const shown = showPanel({ state, timeline });
    return { ...shown, canvas: screen.getByRole('application', { name: 'Timeline of task 4' }) };
  };
  const told = (container: HTMLElement) => container.querySelector('.mars-nb-Timeline-told')?.textContent;

  test('is shown in its task', () => {
    const { container } = open();
    expect(row(container, 4).querySelector('[data-spans="3"]')).toBeTruthy();
    fireEvent.click(main(row(container, 3)));
    expect(container.querySelector('canvas')).toBeNull();
  });

  test('tells what is pointed at', () => {
    const { container, canvas } = open();
    // Of 300 pixels the names of the rows take 14; 1550 milliseconds take the others.
    fireEvent.pointerMove(canvas, { clientX: 14 + 143, clientY: 20 });
    expect(told(container)).toBe('gone on w-1: 1.5 s from 50 ms on, 1 chunk task');
    fireEvent.pointerLeave(canvas);
    expect(told(container)).toMatch(/Wheel/);
  });

  test('a click goes to the cell, a drag does not', () => {
    const { model, canvas } = open();
    const point = { clientX: 14 + 9, clientY: 4 };
    fireEvent.pointerDown(canvas, { ...point, pointerId: 1 });
    fireEvent.pointerMove(canvas, { clientX: 60, clientY: 4 });
    fireEvent.pointerUp(canvas, point);
    expect(model.visited).toEqual([]);
    fireEvent.pointerDown(canvas, { ...point, pointerId: 1 });
    fireEvent.pointerUp(canvas, point);
    expect(model.visited).toEqual([operation]);
  });

  test('keys go from span to span, tell them, and go to the cell', () => {
    const { container, model, canvas } = open();
    fireEvent.keyDown(canvas, { key: 'ArrowRight' });
    expect(told(container)).toBe('sum on w-0: 0.1 s from 0 ms on, 2 chunk tasks');
    expect(screen.getByRole('status').textContent).toBe(told(container));
    fireEvent.keyDown(canvas, { key: 'ArrowRight' });
    expect(told(container)).toMatch('0.4 s');
    fireEvent.keyDown(canvas, { key: 'Enter' });
    expect(model.visited).toEqual([operation]);
  });

  test('the wheel and keys zoom', () => {
    const { canvas } = open();
    const turn = (deltaY: number) => {
      const event = new WheelEvent('wheel', { deltaY, clientX: 100, cancelable: true });
      act(() => void canvas.dispatchEvent(event));
      return [event.defaultPrevented, canvas.dataset.zoomed];
    };
    expect(turn(100)).toEqual([false, 'false']);
    expect(turn(-100)).toEqual([true, 'true']);
    fireEvent.keyDown(canvas, { key: '0' });
    expect(canvas.dataset.zoomed).toBe('false');
  });

  test('is there in numbers, too; operations of one key are one', () => {
    const { container } = open();
    const details = find(container, 'details');
    details.setAttribute('open', '');
    fireEvent(details, new Event('toggle'));
    const texts = [...details.querySelectorAll('tbody tr')].map(each => each.textContent);
    expect(texts).toEqual(['sum0.5 s3', 'gone1.5 s1', 'w-00.5 s3', 'w-11.5 s1']);
  });
});
