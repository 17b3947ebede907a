import { act, fireEvent, screen, within } from '@testing-library/react';

import { RequestFailed } from '../../src/model/model';
import { Lazy, Result, State } from '../../src/protocol';
import { result, session, stateOf, task } from '../examples';
import { find, pressKey, showState } from './page';

function stateWith(results: Record<string, Result>, lazy: Record<string, Lazy> = {}): State {
  const total = Object.keys(results).length;
  return { ...stateOf(session({ results, results_total: total, tasks: { 7: task() } })), lazy };
}

function item(container: HTMLElement, key: string): HTMLElement {
  return find(container, `.mars-nb-Item[data-key="${key}"]`);
}

const main = (of: HTMLElement) => find(of, '[data-main]');
const textsOf = (of: HTMLElement) => [...of.querySelectorAll('.mars-nb-Item-name')].map(each => each.textContent);

test('a result tells what it is', () => {
  const { container } = showState(
    stateWith({
      a: result({ names: ['df', 'Out[3]'], shape: [336776, 19], nbytes: 2 ** 20, executed_at: 880, spilled: 5 }),
      b: result({ names: [], label: 'sum', kind: 'Tensor', dtype: 'int64', shape: [], executed_at: 1 })
    })
  );
  const [a, b] = [item(container, 'a'), item(container, 'b')];
  expect(main(a).textContent).toBe('df, Out[3]1.00 MiBDataFrame 336776 × 192 min ago');
  expect(within(a).getByRole('img', { name: '5 B on disk' })).toBeTruthy();
  expect(a.dataset.state).toBe('disk');
  expect(main(b).textContent).toMatch('sum160 BTensor int64');
  expect(b.dataset.state).toBe('memory');
});

test('ages go on by themselves', () => {
  jest.useFakeTimers();
  try {
    const { container, model } = showState(stateWith({ a: result({ executed_at: 998 }) }));
    const age = () => item(container, 'a').querySelector('time')?.textContent;
    expect(age()).toBe('2 s ago');
    model.time = 1003.5;
    act(() => jest.advanceTimersByTime(1000));
    expect(age()).toBe('5 s ago');
  } finally {
    jest.useRealTimers();
  }
});

describe('a preview', () => {
  const open = (facts: Partial<Result> = {}) => {
    const shown = showState(stateWith({ a: result(facts) }));
    const row = item(shown.container, 'a');
    fireEvent.click(main(row));
    return { ...shown, row };
  };

  test('is asked for, cleaned and shown', async () => {
    const { model, row } = open();
    expect(main(row).getAttribute('aria-expanded')).toBe('true');
    expect(model.asked[0].action).toEqual({ do: 'preview', session: '1', key: 'a' });
    await model.answer({ html: '<table><tr><td>17</td></tr></table><script>bad()</script>', text: '' });
    const preview = within(row).getByRole('group', { name: 'Preview of df' });
    expect(preview.querySelector('td')?.textContent).toBe('17');
    expect(preview.querySelector('script')).toBeNull();
  });

  test('is brought into view when the row is opened, and when it is there', async () => {
    const scroll = jest.spyOn(HTMLElement.prototype, 'scrollIntoView');
    const { model, row } = open();
    expect(scroll.mock.contexts).toEqual([row]);
    await model.answer({ html: '', text: '17' });
    expect(scroll.mock.contexts).toEqual([row, row]);
    fireEvent.click(main(row));
    expect(scroll).toHaveBeenCalledTimes(2);
    scroll.mockRestore();
  });

  test('is asked for once', async () => {
    const { model, row } = open();
    await model.answer({ html: '', text: '17' });
    fireEvent.click(main(row));
    fireEvent.click(main(row));
    expect(within(row).getByRole('group').textContent).toBe('17');
    expect(model.asked).toHaveLength(1);
  });

  test('may fail', async () => {
    const { model, row } = open();
    await model.refuse(new RequestFailed('the worker is gone', ['df.fetch()']));
    expect(row.textContent).toMatch('the worker is gone');
    expect(within(row).getByText('df.fetch()')).toBeTruthy();
  });

  test('comes with who holds the result and where it was recorded', () => {
    const { model, row } = open({ names: ['df', 'parts[0]'] });
    expect(row.textContent).toMatch('Held by df, parts[0]; in memory, 1 chunk');
    fireEvent.click(within(row).getByRole('button', { name: 'DataFrameReadCSV, recorded in In[3], line 2' }));
    expect(model.visited).toHaveLength(1);
  });
});

test('insert fetch and free', async () => {
  const { container, model } = showState(stateWith({ a: result() }));
  const row = item(container, 'a');
  fireEvent.click(within(row).getByRole('button', { name: 'Insert code that fetches df' }));
  expect(model.inserted).toEqual(['1 df']);
  fireEvent.click(within(row).getByRole('button', { name: 'Free df' }));
  expect(model.asked[0].action).toEqual({ do: 'free', session: '1', key: 'a' });
  await model.answer({ nbytes: 2 ** 20 });
  expect(screen.getByText('Freed 1.00 MiB of df.')).toBeTruthy();
});

test('what is not executed is listed, with its progress if it is being computed', () => {
  const lazy = { ...result({ names: ['x'] }), shape: ['?', 3], tasks: [] };
  const { container, model } = showState(
    stateWith(
      { a: result() },
      { l1: lazy, l2: { ...lazy, names: ['y'], tasks: [7] }, l3: { ...lazy, names: ['z'], cell: '' } }
    )
  );
  expect(textsOf(container)).toEqual(['y', 'df', 'x', 'z']);
  expect(item(container, 'l1').textContent).toMatch('xlazyDataFrame ? × 3');
  expect(item(container, 'l2').dataset.state).toBe('running');
  expect(within(item(container, 'l2')).getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
  fireEvent.click(main(item(container, 'l1')));
  expect(model.visited).toEqual([lazy]);
  fireEvent.click(main(item(container, 'l3')));
  expect(screen.getByText(/not known in which cell/)).toBeTruthy();
});

describe('many', () => {
  const many = () =>
    showState(
      stateWith(
        Object.fromEntries(
          Array.from({ length: 1000 }, (_, at) => [
            `k${at}`,
            result({ names: [`v${at}`], executed_at: at, nbytes: at === 5 ? 1e9 : 1 })
          ])
        )
      )
    );

  test('only those that can be seen are in the page', () => {
    const { container } = many();
    const rows = container.querySelectorAll('[data-section=results] li');
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThan(50);
    expect(rows[0].getAttribute('aria-setsize')).toBe('1000');
  });

  test('can be sorted and filtered', () => {
    const { container } = many();
    expect(textsOf(container)[0]).toBe('v999');
    fireEvent.change(screen.getByLabelText('Sort by'), { target: { value: 'size' } });
    expect(textsOf(container)[0]).toBe('v5');
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'v77' } });
    expect(textsOf(container)).toHaveLength(11);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'nothing' } });
    expect(screen.getByText('Nothing matches nothing.')).toBeTruthy();
    expect(screen.getByRole('searchbox')).toBeTruthy();
  });

  test('one row is reached by Tab, the others by arrows', () => {
    const { container } = many();
    const section = find(container, '[data-section=results] ul');
    const reachable = () => [...section.querySelectorAll<HTMLElement>('[data-main][tabindex="0"]')];
    expect(reachable().map(each => each.closest('li')?.dataset.index)).toEqual(['0']);
    act(() => reachable()[0].focus());
    pressKey('ArrowDown');
    pressKey('ArrowDown');
    pressKey('ArrowUp');
    expect(document.activeElement?.closest('li')?.dataset.index).toBe('1');
    expect(reachable()).toEqual([document.activeElement]);
    pressKey('Home');
    expect(document.activeElement?.closest('li')?.dataset.index).toBe('0');
  });

  test('the focus goes on when its row is gone', () => {
    const { container, model } = showState(stateWith({ a: result({ executed_at: 3 }), b: result({ names: ['b'] }) }));
    act(() => main(item(container, 'a')).focus());
    model.tell({ state: stateWith({ b: result({ names: ['b'] }) }) });
    expect(document.activeElement).toBe(main(item(container, 'b')));
  });

  test('a change draws the rows again that it is about', () => {
    const results = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`k${at}`, result({ names: [`v${at}`], executed_at: at })])
    );
    const state = stateWith(results);
    const { container, model } = showState(state);
    const before = [...container.querySelectorAll('[data-section=results] li')];
    model.tell({
      state: {
        ...state,
        sessions: { 1: { ...state.sessions['1'], results: { ...results, k4: { ...results.k4, spilled: 160 } } } }
      }
    });
    expect([...container.querySelectorAll('[data-section=results] li')]).toEqual(before);
    expect(item(container, 'k4').dataset.state).toBe('disk');
  });
});
