import { act, fireEvent, screen, within } from '@testing-library/react';
import axe from 'axe-core';

import { Blank } from '../../src/model/model';
import { result, session, stateOf, task } from '../examples';
import { find, showPanel, showState } from './page';

const FULL = stateOf(
  session({
    name: 'etl',
    memory: 3e8,
    spilled: 9e8,
    results: { a: result(), b: result({ names: [], spilled: 160 }) },
    results_total: 2,
    tasks: { 7: task({ operations: {} }), 8: task({ number: 8, state: 'failed', error: 'ValueError: no' }) }
  }),
  session({ name: 'other', address: 'tcp://host:8786', limit: 0 })
);

describe('blank states', () => {
  test.each<[Blank, RegExp]>([
    ['no-kernel', /has no kernel/],
    ['starting', /is starting/],
    ['not-loaded', /not loaded/],
    ['dead', /Restart it/],
    ['mismatch', /different versions/],
    ['other-language', /does not run Python/]
  ])('%s', (blank, text) => {
    const { container } = showPanel({ blank, detail: '1.2' });
    expect(container.querySelector('.mars-nb-Front')?.getAttribute('data-state')).toBe(blank);
    expect(screen.getByText(text)).toBeTruthy();
    expect(screen.getByText('The kernel has mars_nb 1.2.')).toBeTruthy();
    expect(container.querySelector('section')).toBeNull();
  });

  test('nothing in front', () => {
    showPanel({ title: '', blank: 'no-kernel' });
    expect(screen.getByText(/Open a notebook/)).toBeTruthy();
  });

  test('a button inserts %load_ext', () => {
    const { model } = showPanel({ blank: 'not-loaded' });
    fireEvent.click(screen.getByRole('button', { name: 'Insert %load_ext mars_nb' }));
    expect(model.inserted).toEqual(['load']);
  });

  test('no session: a button opens the form', () => {
    const { container } = showState(stateOf());
    fireEvent.click(within(find(container, '[data-blank=no-session]')).getByRole('button'));
    expect(screen.getByRole('form', { name: 'New session' })).toBeTruthy();
  });
});

test('a note tells of kernels without subshells', () => {
  const { container, model } = showPanel({ state: FULL, waits: true });
  expect(container.querySelector('[data-note=waits]')?.textContent).toMatch(/ipykernel 6/);
  model.tell({ waits: false });
  expect(container.querySelector('[data-note=waits]')).toBeNull();
});

test('sections can be folded', () => {
  const { container } = showState(FULL);
  const head = screen.getByRole('button', { name: /^Results/ });
  expect(container.querySelectorAll('[data-section=results] li')).not.toHaveLength(0);
  fireEvent.click(head);
  expect(head.getAttribute('aria-expanded')).toBe('false');
  expect(container.querySelectorAll('[data-section=results] li')).toHaveLength(0);
});

test('a session can be chosen: the other sections are about it only', () => {
  const { container } = showState(FULL);
  const items = () => container.querySelectorAll('[data-section=results] .mars-nb-Item').length;
  expect(items()).toBe(2);
  fireEvent.click(screen.getByRole('button', { name: 'other' }));
  expect(items()).toBe(0);
  expect(container.querySelectorAll('[data-section=tasks] .mars-nb-Item')).toHaveLength(0);
  fireEvent.click(screen.getAllByRole('button', { name: 'Show all sessions' })[0]);
  expect(items()).toBe(2);
});

test('another notebook has its own choices, and nothing that was told of the other', async () => {
  const { model } = showState(FULL);
  fireEvent.click(screen.getByRole('button', { name: 'other' }));
  fireEvent.click(screen.getByRole('button', { name: 'Make other the default session' }));
  await model.refuse(new Error('it did not work'));
  expect(screen.getByText('it did not work')).toBeTruthy();
  model.tell({ title: 'b.ipynb' });
  expect(screen.queryByText('it did not work')).toBeNull();
  expect(screen.queryByRole('button', { name: 'Show all sessions' })).toBeNull();
});

test('the palette opens the form, also twice, and in a folded section', () => {
  const { tools } = showState(FULL);
  fireEvent.click(screen.getByRole('button', { name: /^Sessions/ }));
  const ask = () => act(() => (tools.newSession as unknown as { emit(): void }).emit());
  ask();
  const name = screen.getByRole('textbox', { name: 'Name' });
  expect(document.activeElement).toBe(name);
  fireEvent.change(name, { target: { value: 'typed' } });
  name.blur();
  ask();
  expect(document.activeElement).toBe(name);
  expect((name as HTMLInputElement).value).toBe('typed');
});

test.each([
  ['full', { state: FULL }],
  ['without sessions', { state: stateOf() }],
  ['not loaded', { blank: 'not-loaded' as const }]
])('axe finds nothing: %s', async (_, view) => {
  const { container } = showPanel(view);
  container.querySelectorAll<HTMLElement>('[data-main][aria-expanded=false]').forEach(each => fireEvent.click(each));
  const { violations } = await axe.run(container, { rules: { region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
