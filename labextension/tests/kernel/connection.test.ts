import { nullTranslator } from '@jupyterlab/translation';

import { Connection } from '../../src/kernel/connection';
import { Page } from '../../src/kernel/page';
import { ANNOUNCE, State, VERSION } from '../../src/protocol';
import { session, stateOf } from '../examples';
import { FrontDouble, KernelDouble, settle } from './double';

const trans = nullTranslator.load('mars_nb');
const STATE = stateOf(session({ name: 'etl' }), session({ name: 'main' }));

let front: FrontDouble;
let kernel: KernelDouble;
let page: Page;
let connection: Connection;

beforeEach(() => {
  jest.useFakeTimers();
  window.sessionStorage.clear();
  front = new FrontDouble();
  kernel = known(new KernelDouble());
  front.double = kernel;
  page = new Page();
  connection = new Connection(front, page, trans);
});

afterEach(() => {
  connection.leavePage();
  jest.useRealTimers();
});

function known(double: KernelDouble): KernelDouble {
  double.known.resolve();
  double.read.resolve();
  return double;
}

async function show(): Promise<void> {
  connection.see('panel', true);
  await settle();
}

function tellSnapshot(state: State = STATE, number = 0, double = kernel): void {
  double.tell({ type: 'snapshot', number, package: '1.0', now: Date.now() / 1000 + 5, state });
}

async function live(): Promise<void> {
  await show();
  tellSnapshot();
  await settle();
}

describe('the panel is shown', () => {
  test('the comm is opened, and what is told is seen', async () => {
    await show();
    expect(kernel.opened[0].data).toEqual({ version: VERSION, panel: page.panel });
    expect(connection.view.blank).toBe('starting');
    tellSnapshot();
    await settle();
    expect(connection.view).toMatchObject({ title: 'one.ipynb', state: STATE, waits: false });
    expect(connection.view.blank).toBeUndefined();
    expect(connection.now()).toBeCloseTo(Date.now() / 1000 + 5, 1);
  });

  test('updates change it; the view is another object only when that was told', async () => {
    await live();
    const before = connection.view;
    const changed = jest.fn();
    connection.changed.connect(changed);
    for (let number = 1; number <= 5; number++) {
      kernel.tell({ type: 'update', number, now: 0, patch: { sessions: { '1': { memory: number } } } });
    }
    expect(connection.view).toBe(before);
    await settle();
    expect(changed).toHaveBeenCalledTimes(1);
    expect(connection.view.state?.sessions['1'].memory).toBe(5);
    expect(connection.view.state?.sessions['2']).toBe(before.state?.sessions['2']);
  });

  test('a missing update makes it ask for a snapshot, once', async () => {
    await live();
    kernel.tell({ type: 'update', number: 3, now: 0, patch: {} });
    kernel.tell({ type: 'update', number: 4, now: 0, patch: {} });
    await settle();
    expect(kernel.messages().filter(each => each.type === 'request')).toHaveLength(1);
    kernel.tell({ type: 'reply', request: 1, value: {} });
    tellSnapshot(stateOf(session({ name: 'new' })), 5);
    kernel.tell({ type: 'update', number: 6, now: 0, patch: { default: '' } });
    await settle();
    expect(connection.view.state).toMatchObject({ default: '', sessions: { '1': { name: 'new' } } });
  });

  test('hidden, it says so, and keeps the name of the default session up to date', async () => {
    await live();
    connection.see('running', true);
    connection.see('panel', false);
    await settle();
    expect(kernel.messages()).toHaveLength(1);
    connection.see('running', false);
    await settle();
    expect(kernel.messages().at(-1)).toEqual({ type: 'watch', visible: false });
    expect(connection.defaultName).toBe('etl');
    const changed = jest.fn();
    connection.changed.connect(changed);
    kernel.tell({ type: 'default', name: 'main' });
    await settle();
    expect(connection.defaultName).toBe('main');
    expect(changed).toHaveBeenCalledTimes(1);
  });

  test('a page that cannot be seen is hidden, too', async () => {
    await live();
    const state = jest.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    connection.look();
    await settle();
    expect(kernel.messages().at(-1)).toEqual({ type: 'watch', visible: false });
    state.mockRestore();
    connection.look();
    await settle();
    expect(kernel.messages().at(-1)).toEqual({ type: 'watch', visible: true });
  });

  test('the spans of one task are followed', async () => {
    await live();
    connection.follow({ session: '1', task: 7 });
    await settle();
    expect(kernel.messages().at(-1)).toEqual({ type: 'watch', visible: true, follow: { session: '1', task: 7 } });
    const spans = { session: '1', task: 7, operations: ['a'], workers: ['t'], first: 0, items: [0, 0, 0, 1, 1] };
    kernel.tell({ type: 'update', number: 1, now: 0, patch: {}, spans });
    await settle();
    expect(connection.view.timeline?.spans).toHaveLength(1);
    connection.follow({ session: '1', task: 8 });
    await settle();
    expect(connection.view.timeline).toBeUndefined();
  });
});

describe('the panel is hidden', () => {
  test('kernels that never load mars_nb are told nothing', async () => {
    await settle();
    expect(kernel.sent).toEqual([]);
    expect(kernel.control).toEqual([]);
  });

  test('one that says it has loaded mars_nb is connected to', async () => {
    await settle();
    kernel.announce(ANNOUNCE);
    await settle();
    expect(kernel.messages()).toEqual([{ type: 'watch', visible: false }]);
    expect(connection.isOpen).toBe(true);
    expect(kernel.announcement.commsOverSubshells).toBe('disabled');
  });

  test('what there is can be asked for', async () => {
    kernel.announce(ANNOUNCE);
    await settle();
    const asked = connection.refresh();
    await settle();
    expect(kernel.messages().at(-1)).toMatchObject({ type: 'request', action: { do: 'snapshot' } });
    kernel.tell({ type: 'reply', request: 1, value: {} });
    await settle();
    tellSnapshot();
    await expect(asked).resolves.toEqual(STATE);
  });

  test('what was known before is not taken for what there is', async () => {
    await live();
    connection.see('panel', false);
    const asked = expect(connection.refresh()).rejects.toThrow('has not told');
    await settle();
    kernel.tell({ type: 'reply', request: 1, value: {} });
    await jest.advanceTimersByTimeAsync(6000);
    await asked;
  });

  test('without a comm nothing can be asked for, and that says what to do', async () => {
    await expect(connection.refresh()).rejects.toMatchObject({ hints: ['%load_ext mars_nb'] });
  });
});

describe('mars_nb is not loaded', () => {
  test('is known by the comm that is closed at once; loading it opens another one', async () => {
    await show();
    kernel.close();
    await settle();
    expect(connection.view.blank).toBe('not-loaded');
    kernel.announce(ANNOUNCE);
    await settle();
    expect(kernel.opened).toHaveLength(2);
    tellSnapshot();
    await settle();
    expect(connection.view.state).toEqual(STATE);
  });

  test('any more', async () => {
    await live();
    kernel.close();
    await settle();
    expect(connection.view).toMatchObject({ blank: 'not-loaded', state: undefined });
    expect(page.knows(kernel.id)).toBe(false);
    expect(connection.defaultName).toBe('');
  });

  test('an announcement that overtakes the end of the comm counts', async () => {
    await show();
    kernel.announce(ANNOUNCE);
    await settle();
    expect(kernel.opened).toHaveLength(2);
    kernel.close(0);
    tellSnapshot();
    await settle();
    expect(connection.view.state).toEqual(STATE);
  });

  test('it is looked again when the panel is shown again', async () => {
    await show();
    kernel.close();
    await settle();
    connection.see('panel', false);
    await show();
    expect(kernel.opened).toHaveLength(2);
  });

  test('another version is told, and not called unloaded', async () => {
    await show();
    kernel.tell({ type: 'mismatch', version: 9, package: '2.0' });
    kernel.close();
    await settle();
    expect(connection.view).toMatchObject({ blank: 'mismatch', detail: '2.0' });
  });
});

describe('the kernel', () => {
  test('restarts: nothing is left of what was known', async () => {
    await live();
    kernel.status = 'restarting';
    front.change({ kernelDisplayStatus: 'restarting' });
    await settle();
    expect(connection.view).toMatchObject({ blank: 'starting', state: undefined });
    const sent = kernel.sent.length;
    kernel.status = 'idle';
    front.change({ kernelDisplayStatus: 'idle' });
    await settle();
    expect(kernel.sent.slice(sent).map(each => each.type)).toEqual(['comm_open', 'comm_msg']);
    kernel.close();
    await settle();
    expect(connection.view.blank).toBe('not-loaded');
  });

  test('dies', async () => {
    await live();
    kernel.status = 'dead';
    front.change({ kernelDisplayStatus: 'dead' });
    await settle();
    expect(connection.view).toMatchObject({ blank: 'dead', state: undefined });
  });

  test('was lost for a moment: a new comm is opened by the same panel', async () => {
    await live();
    kernel.connectionStatus = 'connecting';
    front.change({ kernelDisplayStatus: 'connecting' });
    kernel.connectionStatus = 'connected';
    front.change({ kernelDisplayStatus: 'idle' });
    await settle();
    expect(kernel.opened.map(each => each.data.panel)).toEqual([page.panel, page.panel]);
    kernel.tell({ type: 'default', name: 'of the earlier one' }, 0);
    tellSnapshot();
    await settle();
    expect(connection.defaultName).toBe('etl');
  });

  test('has another language', async () => {
    const julia = known(new KernelDouble('k2'));
    julia.language = 'Julia';
    await show();
    front.change({ double: julia });
    await settle();
    expect(connection.view.blank).toBe('other-language');
    expect(julia.sent).toEqual([]);
  });

  test('has no subshells: requests wait', async () => {
    const old = known(new KernelDouble('k2'));
    old.supportsSubshells = false;
    front.change({ double: old });
    await show();
    tellSnapshot(STATE, 0, old);
    await settle();
    expect(connection.view.waits).toBe(true);
  });
});

describe('another notebook comes to the front', () => {
  test('its kernel is the one that counts', async () => {
    await live();
    const other = known(new KernelDouble('k2'));
    front.change({ title: 'two.ipynb', double: other });
    await settle();
    expect(kernel.sent.at(-1)?.type).toBe('comm_close');
    expect(connection.view).toMatchObject({ title: 'two.ipynb', blank: 'starting', state: undefined });
    tellSnapshot(stateOf(session({ name: 'theirs' })), 0, other);
    kernel.tell({ type: 'default', name: 'late' });
    await settle();
    expect(connection.defaultName).toBe('theirs');
  });

  test('and is asked again when it comes back', async () => {
    await live();
    front.change({ double: known(new KernelDouble('k2')) });
    await settle();
    front.change({ double: kernel });
    await settle();
    expect(kernel.opened).toHaveLength(2);
  });

  test('or the last one is closed', async () => {
    await live();
    front.change({ title: null, double: null });
    await settle();
    expect(connection.view).toMatchObject({ title: '', blank: 'no-kernel' });
  });

  test.each([
    ['initializing', 'starting'],
    ['unknown', 'no-kernel']
  ] as const)('without a kernel that is %s: %s', async (kernelDisplayStatus, blank) => {
    front.change({ double: null, kernelDisplayStatus });
    await settle();
    expect(connection.view.blank).toBe(blank);
  });
});

describe('a reload of the page', () => {
  test('the panel is the same one, and knows which kernels have loaded mars_nb', async () => {
    await live();
    connection.leavePage();
    expect(kernel.sent.at(-1)?.type).toBe('comm_close');
    const after = new Page();
    expect(after.panel).toBe(page.panel);
    expect(after.knows(kernel.id)).toBe(true);
    const again = new Connection(front, after, trans);
    await settle();
    expect(kernel.messages()).toEqual([{ type: 'watch', visible: false }]);
    again.leavePage();
  });

  test('a duplicate of the page is another one', () => {
    page.leave();
    const first = new Page();
    const duplicate = new Page(); // of the storage as the first one has left it
    expect(duplicate.panel).not.toBe(first.panel);
  });

  test('a damaged memory is none', () => {
    window.sessionStorage.setItem('@mars-nb/labextension:page', '{');
    expect(new Page().panel).toBeTruthy();
  });
});
