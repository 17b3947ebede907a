import '../ui/jsdom';

import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from '@testing-library/react';

import { StatusItem } from '../../src/jupyter/status';
import { Connection } from '../../src/kernel/connection';
import { MarkReader } from '../../src/kernel/marks';
import { session, stateOf, task } from '../examples';
import { FrontDouble, KernelDouble } from '../kernel/double';
import { ConnectionDouble } from './double';

const trans = nullTranslator.load('mars_nb');

let connection: ConnectionDouble;
let kernel: KernelDouble;
let item: StatusItem;
let open: jest.Mock;

beforeEach(() => {
  connection = new ConnectionDouble();
  kernel = new KernelDouble();
  const front = new FrontDouble();
  front.double = kernel;
  open = jest.fn();
  item = new StatusItem(connection as unknown as Connection, new MarkReader(front), trans, open);
  draw(() => Widget.attach(item, document.body));
});

afterEach(() => {
  draw(() => item.dispose());
});

/** Do something, and let what comes of it be drawn. */
function draw(deed: () => void): void {
  act(() => {
    deed();
    MessageLoop.flush();
  });
}

function button(): HTMLElement | null {
  return item.node.querySelector('[role=button]');
}

test('shows nothing where there is no session', () => {
  expect(item.isActive).toBe(false);
  expect(button()).toBeNull();
});

test('shows the default session, and how far it is', () => {
  const active = jest.fn();
  item.activeChanged.connect(active);
  draw(() => connection.show(stateOf(session({ name: 'etl' }))));
  expect(item.isActive).toBe(true);
  expect(item.node.textContent).toBe('etl');
  draw(() => connection.show(stateOf(session({ name: 'etl', tasks: { '7': task({ fraction: 0.42 }) } }))));
  expect(item.node.textContent).toContain('42 %');
  expect(button()?.getAttribute('aria-label')).toContain('etl, 42 % done');
  expect(active).toHaveBeenCalledTimes(1);
});

test('is told by the marks of progress while the panel is hidden', () => {
  connection.visible = false;
  draw(() => connection.show(stateOf(session({ name: 'etl' }))));
  const mark = { progress: 'p', session: 'etl', fraction: 0.5, state: 'running' };
  draw(() => kernel.publish('display_data', { data: {}, metadata: { mars_nb: mark } }));
  expect(item.node.textContent).toContain('50 %');
  draw(() => kernel.publish('update_display_data', { data: {}, metadata: { mars_nb: { ...mark, state: 'done' } } }));
  expect(item.node.textContent).toBe('etl');
});

test('opens the panel by mouse and keyboard', () => {
  draw(() => connection.show(stateOf(session({ name: 'etl' }))));
  button()?.click();
  for (const key of ['Enter', ' ', 'x']) {
    button()?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  }
  expect(open).toHaveBeenCalledTimes(3);
});
