import '../ui/jsdom';

import { nullTranslator } from '@jupyterlab/translation';

import { RunningSection } from '../../src/jupyter/running';
import { Connection } from '../../src/kernel/connection';
import { session, stateOf, task } from '../examples';
import { ConnectionDouble } from './double';

jest.mock('../../src/ui/closing', () => ({ mayClose: jest.fn(() => Promise.resolve(false)) }));

const trans = nullTranslator.load('mars_nb');
const STATE = stateOf(session({ name: 'etl', results_total: 2, nbytes: 2048 }), session({ name: 'main' }));

let connection: ConnectionDouble;
let section: RunningSection;
let open: jest.Mock;

beforeEach(() => {
  connection = new ConnectionDouble();
  open = jest.fn();
  section = new RunningSection(connection as unknown as Connection, trans, open);
});

test('lists the sessions of the kernel in front', () => {
  expect(section.running()).toEqual([]);
  connection.show(STATE);
  expect(section.running().map(item => [item.label(), item.detail?.()])).toEqual([
    ['etl', 'default, 2 results, 2.00 kiB'],
    ['main', 'no results']
  ]);
  section.running()[0].open?.();
  expect(open).toHaveBeenCalledTimes(1);
});

test('is drawn anew for what it shows only', () => {
  const changed = jest.fn();
  section.runningChanged.connect(changed);
  connection.show(STATE);
  expect(changed).toHaveBeenCalledTimes(1);
  const { sessions } = STATE;
  connection.show({
    ...STATE,
    sessions: { ...sessions, '1': { ...sessions['1'], tasks: { '7': task() }, memory: 9 } }
  });
  expect(changed).toHaveBeenCalledTimes(1);
  connection.show({ ...STATE, default: '2' });
  expect(changed).toHaveBeenCalledTimes(2);
});

test('one is closed if the user agrees', async () => {
  connection.show(STATE);
  section.running()[0].shutdown?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(connection.asked).toEqual([]);
});

test('all are closed at once: the panel has asked already', () => {
  connection.show(STATE);
  section.shutdownAll();
  expect(connection.asked).toEqual([
    { do: 'close', session: '1' },
    { do: 'close', session: '2' }
  ]);
});

test('what there is can be asked for', () => {
  section.refreshRunning();
  expect(connection.refresh).toHaveBeenCalledTimes(1);
});
