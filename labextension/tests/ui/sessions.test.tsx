import './jsdom';

import { act, fireEvent, screen, within } from '@testing-library/react';
import { Dialog, showDialog } from '@jupyterlab/apputils';

import { RequestFailed } from '../../src/model/model';
import { Session } from '../../src/protocol';
import { actionOf } from '../../src/ui/sessionForm';
import { session, stateOf, task } from '../examples';
import { find, showState } from './page';

jest.mock('@jupyterlab/apputils', () => ({
  ...jest.requireActual<Record<string, unknown>>('@jupyterlab/apputils'),
  showDialog: jest.fn()
}));

function showSession(facts: Partial<Session>): ReturnType<typeof showState> & { card: HTMLElement } {
  const shown = showState(stateOf(session(facts)));
  return { ...shown, card: find(shown.container, '.mars-nb-Card') };
}

function press(name: string): HTMLElement {
  const button = screen.getByRole('button', { name });
  fireEvent.click(button);
  return button;
}

describe('a card', () => {
  test('tells of a local session', () => {
    const { card } = showSession({ name: 'etl', threads: 4, results_total: 2, nbytes: 2 ** 30 });
    expect(card.textContent).toMatch('etldefault');
    expect(card.textContent).toMatch('local, 4 threads, 2 results, 1.00 GiB');
    expect(card.dataset.state).toBe('idle');
  });

  test('tells of a cluster', () => {
    const { card } = showSession({ address: 'tcp://host:8786', threads: 1 });
    expect(card.textContent).toMatch('tcp://host:8786, 1 thread, 0 results');
  });

  test('has a bar of memory against the limit', () => {
    const { card } = showSession({ memory: 2 ** 30, limit: 2 ** 31, spilled: 3 * 2 ** 30 });
    const bar = within(card).getByRole('meter', { name: 'Memory of session main' });
    expect(bar.getAttribute('aria-valuetext')).toBe('1.00 GiB of 2.00 GiB, 3.00 GiB on disk');
    const [held, spilled, limit] = [...bar.children].map(each => (each as HTMLElement).style);
    expect(held.transform).toBe('scaleX(0.25)');
    expect(spilled.transform).toBe('translateX(25%) scaleX(0.75)');
    expect(limit.left).toBe('50%');
  });

  test('has no bar where there is no limit', () => {
    const { card } = showSession({ memory: 5, limit: 0 });
    expect(within(card).queryByRole('meter')).toBeNull();
    expect(card.textContent).toMatch('5 B');
  });

  test('shows what runs, with its active operations, and the queue', () => {
    const operation = { place: 'In[3], line 2', cell: 'c3', line: 2, total: 4 };
    const operations = Object.fromEntries(
      [4, 4, 3, 0, 0].map((done, order) => [
        `op${order}`,
        { ...operation, label: `op${order}`, order, done, running: Number(done === 3) }
      ])
    );
    const running = task({ number: 7, total: 20, done: 11, running: 1, fraction: 0.556, remaining: 12.3, operations });
    const { card } = showSession({
      tasks: { 7: running, 8: task({ number: 8, state: 'waiting', running: 0, done: 0 }) }
    });
    const shown = find(card, '[data-task="7"]');
    expect(shown.textContent).toMatch('55%');
    expect(shown.textContent).toMatch('11 of 20 chunk tasks');
    expect(shown.textContent).toMatch('about 12 s left');
    expect([...shown.querySelectorAll('li')].map(each => each.textContent)).toEqual(['op23/4', 'op30/4', 'op40/4']);
    expect(shown.textContent).toMatch('and 2 more operations');
    expect(card.querySelector('[data-queue]')?.textContent).toBe('1 task waits, 12 chunk tasks to begin');
  });

  test('a click on an operation goes to its cell, or tells that it is gone', () => {
    const operation = {
      label: 'sum',
      order: 0,
      done: 1,
      running: 1,
      total: 4,
      place: 'In[3], line 2',
      cell: 'c3',
      line: 2
    };
    const { card, model } = showSession({ tasks: { 7: task({ operations: { a: operation } }) } });
    fireEvent.click(within(card).getByRole('button', { name: 'sum' }));
    expect(model.visited).toEqual([operation]);
    model.finds = false;
    fireEvent.click(within(card).getByRole('button', { name: 'sum' }));
    expect(screen.getByText('The cell of In[3], line 2 is not there any more.')).toBeTruthy();
  });
});

describe('buttons', () => {
  const other = () => showState(stateOf(session(), session({ name: 'b' })));

  test('show at once that they are pressed, and cannot be pressed twice', async () => {
    const { model } = other();
    const button = press('Make b the default session');
    expect([button.getAttribute('aria-busy'), button.getAttribute('aria-disabled')]).toEqual(['true', 'true']);
    fireEvent.click(button);
    expect(model.asked.map(each => each.action)).toEqual([{ do: 'default', session: '2' }]);
    await model.answer();
    expect(button.getAttribute('aria-busy')).toBe('false');
    expect(screen.getByText('b is the default session.').getAttribute('role')).toBe('status');
  });

  test('tell errors with hints until these are taken away', async () => {
    const { container, model } = showSession({ tasks: { 7: task() } });
    fireEvent.click(screen.getAllByRole('button', { name: 'Cancel task 7' })[0]);
    expect(model.asked[0].action).toEqual({ do: 'cancel', session: '1', task: 7 });
    await model.refuse(new RequestFailed('task 7 has ended', ['%mars_session tasks']));
    const alert = find(container, '[role=alert]');
    expect(within(alert).getByText('%mars_session tasks').tagName).toBe('CODE');
    fireEvent.click(within(alert).getByRole('button', { name: 'Dismiss' }));
    expect(alert.textContent).toBe('');
  });

  test('take away the error of the one before', async () => {
    const { container, model } = other();
    const button = press('Make b the default session');
    await model.refuse(new RequestFailed('no'));
    expect(find(container, '[role=alert]').textContent).toBe('no');
    fireEvent.click(button);
    expect(find(container, '[role=alert]').textContent).toBe('');
  });

  test('close asks only if there are results', async () => {
    const { model } = showSession({});
    press('Close main');
    await act(async () => Promise.resolve());
    expect(model.asked.map(each => each.action)).toEqual([{ do: 'close', session: '1' }]);
  });

  test.each([
    [true, 1],
    [false, 0]
  ])('close asks: %p', async (accept, requests) => {
    const { model } = showSession({ results_total: 3, nbytes: 2 ** 30 });
    const answer = Promise.resolve({ button: { accept } } as Dialog.IResult<unknown>);
    jest.mocked(showDialog).mockReturnValueOnce(answer);
    press('Close main');
    expect(jest.mocked(showDialog).mock.lastCall?.[0]?.body).toMatch('It holds 3 results (1.00 GiB).');
    await act(async () => {
      await answer;
    });
    expect(model.asked).toHaveLength(requests);
  });
});

describe('rename', () => {
  const start = () => {
    const { model } = showSession({ name: 'etl' });
    press('Rename etl');
    const field = screen.getByRole('textbox', { name: 'New name of etl' });
    expect(document.activeElement).toBe(field);
    return { model, field };
  };

  test('Enter renames', async () => {
    const { model, field } = start();
    fireEvent.change(field, { target: { value: ' new ' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(model.asked.map(each => each.action)).toEqual([{ do: 'rename', session: '1', name: 'new' }]);
    await model.answer();
    expect(screen.queryByRole('textbox')).toBeNull();
  });

  test('what was typed stays after an error', async () => {
    const { model, field } = start();
    fireEvent.change(field, { target: { value: 'taken' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    await model.refuse(new RequestFailed('there is one'));
    expect(screen.getByRole<HTMLInputElement>('textbox').value).toBe('taken');
    expect(screen.getByText('there is one')).toBeTruthy();
  });

  test.each(['Escape', 'Enter'])('%s without a change ends it', key => {
    const { model, field } = start();
    fireEvent.keyDown(field, { key });
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(model.asked).toEqual([]);
  });
});

describe('the form', () => {
  const open = () => {
    const shown = showState(stateOf(session()));
    press('New session');
    return { ...shown, form: screen.getByRole('form') };
  };
  const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

  test('opens a local session', async () => {
    const { model, form } = open();
    type('Name', 'etl');
    type('Threads', '3');
    type('Memory', '4GiB');
    fireEvent.click(screen.getByLabelText('Make it the default session'));
    fireEvent.submit(form);
    fireEvent.submit(form);
    expect(model.asked.map(each => each.action)).toEqual([
      { do: 'new', name: 'etl', default: false, threads: 3, memory_limit: '4GiB' }
    ]);
    await model.answer({ session: '2' });
    expect(screen.queryByRole('form')).toBeNull();
  });

  test('opens a session on a cluster; after an error nothing that was typed is lost', async () => {
    const { model, form } = open();
    fireEvent.click(screen.getByLabelText('Cluster'));
    type('URL', 'tcp://host:8786');
    type('Token', 'secret');
    expect(screen.getByLabelText<HTMLInputElement>('Token').type).toBe('password');
    fireEvent.submit(form);
    expect(model.asked[0].action).toEqual({
      do: 'new',
      name: '',
      default: true,
      address: 'tcp://host:8786',
      token: 'secret'
    });
    await model.refuse(new RequestFailed('nobody answers', ['mars-nb-cluster']));
    expect(within(form).getByText('nobody answers').closest('[role=alert]')).toBeTruthy();
    expect(within(form).getByText('mars-nb-cluster')).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>('URL').value).toBe('tcp://host:8786');
  });

  test('Escape closes it', () => {
    const { form } = open();
    fireEvent.keyDown(form, { key: 'Escape' });
    expect(screen.queryByRole('form')).toBeNull();
  });

  test('what is empty is left to the kernel', () =>
    expect(
      actionOf({ place: 'local', name: ' ', threads: '', memory: ' ', address: 'x', token: 'y', isDefault: true })
    ).toEqual({ do: 'new', name: '', default: true }));
});

test('of a thousand sessions only those that can be seen are in the page', () => {
  const { container } = showState(stateOf(...Array.from({ length: 1000 }, (_, at) => session({ name: `s${at}` }))));
  const cards = container.querySelectorAll('.mars-nb-Card');
  expect(cards.length).toBeGreaterThan(3);
  expect(cards.length).toBeLessThan(40);
  expect(cards[0].closest('li')?.getAttribute('aria-setsize')).toBe('1000');
});
