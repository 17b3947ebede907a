import '../ui/jsdom';

import { InputDialog, Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';

import { cancelRunning, chooseDefault } from '../../src/jupyter/deeds';
import { RequestFailed } from '../../src/model/model';
import { session, stateOf, task } from '../examples';
import { ConnectionDouble } from './double';

const trans = nullTranslator.load('mars_nb');

let connection: ConnectionDouble;
let info: jest.SpyInstance;
let error: jest.SpyInstance;

beforeEach(() => {
  connection = new ConnectionDouble();
  info = jest.spyOn(Notification, 'info').mockReturnValue('');
  error = jest.spyOn(Notification, 'error').mockReturnValue('');
});

afterEach(() => {
  jest.restoreAllMocks();
});

function answer(value: string | null, accept = true): jest.SpyInstance {
  return jest
    .spyOn(InputDialog, 'getItem')
    .mockResolvedValue({ value, button: { accept } } as Awaited<ReturnType<typeof InputDialog.getItem>>);
}

describe('choosing the default session', () => {
  test('is among the open ones, in their order', async () => {
    connection.show(stateOf(session({ name: 'etl' }), session({ name: 'main' })));
    const dialog = answer('main');
    await chooseDefault(connection, trans);
    expect(dialog).toHaveBeenCalledWith(expect.objectContaining({ items: ['etl', 'main'], current: 0 }));
    expect(connection.asked).toEqual([{ do: 'default', session: '2' }]);
  });

  test('can be left', async () => {
    connection.show(stateOf(session({ name: 'etl' })));
    answer('etl', false);
    await chooseDefault(connection, trans);
    expect(connection.asked).toEqual([]);
  });

  test('needs one', async () => {
    connection.show(stateOf());
    await chooseDefault(connection, trans);
    expect(info).toHaveBeenCalledWith('No session is open.');
  });
});

describe('cancelling', () => {
  test('is for what runs and waits in the default session', async () => {
    const tasks = {
      '1': task({ number: 1, state: 'done' }),
      '2': task({ number: 2 }),
      '3': task({ number: 3, state: 'waiting' })
    };
    connection.show(stateOf(session({ tasks }), session({ tasks: { '4': task({ number: 4 }) } })));
    await cancelRunning(connection, trans);
    expect(connection.asked).toEqual([
      { do: 'cancel', session: '1', task: 2 },
      { do: 'cancel', session: '1', task: 3 }
    ]);
  });

  test.each([
    ['nothing runs', stateOf(session())],
    ['there is no default session', { ...stateOf(session({ tasks: { '2': task() } })), default: '' }]
  ])('says so if %s', async (_, state) => {
    connection.show(state);
    await cancelRunning(connection, trans);
    expect(connection.asked).toEqual([]);
    expect(info).toHaveBeenCalledTimes(1);
  });

  test('tells what goes wrong, and what to do', async () => {
    connection.show(stateOf(session({ tasks: { '2': task() } })));
    connection.failure = new RequestFailed('gone', ['mars_nb.sessions']);
    await cancelRunning(connection, trans);
    expect(error).toHaveBeenCalledWith('gone\nmars_nb.sessions');
  });

  test('tells if it is not known what runs', async () => {
    await cancelRunning(connection, trans);
    expect(error).toHaveBeenCalledTimes(1);
    expect(info).not.toHaveBeenCalled();
  });
});
