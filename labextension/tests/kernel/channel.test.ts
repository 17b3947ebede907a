import { nullTranslator } from '@jupyterlab/translation';

import { Channel } from '../../src/kernel/channel';
import { RequestFailed } from '../../src/model/model';
import { CREDIT, TARGET } from '../../src/protocol';
import { KernelDouble, settle } from './double';

const trans = nullTranslator.load('mars_nb');
const OPEN = { version: 1, panel: 'p' };
const SEEN = { type: 'watch', visible: true } as const;

let kernel: KernelDouble;
let channel: Channel;

beforeEach(() => {
  jest.useFakeTimers();
  kernel = new KernelDouble();
});

afterEach(() => {
  channel.dispose();
  jest.useRealTimers();
});

async function open(known = true): Promise<void> {
  if (known) {
    kernel.known.resolve();
  }
  channel = new Channel(kernel.connection, trans);
  void channel.open(OPEN, SEEN);
  await settle();
}

describe('opening', () => {
  test('is on a subshell of its own, with what can be seen', async () => {
    await open();
    expect(kernel.control.map(each => each.type)).toEqual(['create_subshell_request']);
    expect(kernel.sent).toMatchObject([
      { type: 'comm_open', subshell: 'subshell 1', content: { target_name: TARGET, data: OPEN } },
      { type: 'comm_msg', subshell: 'subshell 1', content: { data: SEEN } }
    ]);
    expect(channel.waits).toBe(false);
  });

  test('the front end knows the comm, so that it does not complain of its end', async () => {
    await open();
    expect(kernel.comms.map(each => each.id)).toEqual([kernel.opened[0].comm_id]);
  });

  test('works on the second connection to a kernel, which has no comms', async () => {
    kernel.handleComms = false;
    await open();
    expect(kernel.comms).toEqual([]);
    expect(kernel.opened).toHaveLength(1);
  });

  test('is on the main shell where there are no subshells', async () => {
    kernel.supportsSubshells = false;
    await open();
    expect(kernel.control).toEqual([]);
    expect(kernel.sent[0]).toMatchObject({ type: 'comm_open', subshell: null });
    expect(channel.waits).toBe(true);
  });

  test('does not wait for what a busy kernel says of itself when its cell is over', async () => {
    await open(false);
    expect(kernel.opened).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(1000);
    expect(kernel.sent[0]).toMatchObject({ type: 'comm_open', subshell: 'subshell 1' });
  });

  test('is on the main shell where a busy kernel turns out to have no subshells', async () => {
    kernel.supportsSubshells = false;
    kernel.answersControl = false;
    await open(false);
    await jest.advanceTimersByTimeAsync(1000);
    expect(kernel.opened).toHaveLength(0);
    kernel.known.resolve();
    await settle();
    expect(kernel.sent[0]).toMatchObject({ type: 'comm_open', subshell: null });
  });

  test('is given up when the channel goes meanwhile, and the subshell too', async () => {
    await open(false);
    channel.dispose();
    await jest.advanceTimersByTimeAsync(1000);
    expect(kernel.sent).toEqual([]);
    expect(kernel.control.map(each => each.type)).toEqual(['create_subshell_request', 'delete_subshell_request']);
  });
});

describe('what the kernel tells', () => {
  test('is passed on, if it is for this comm', async () => {
    await open();
    const told: unknown[] = [];
    channel.told.connect((_, message) => told.push(message));
    kernel.publish('comm_msg', { comm_id: 'another', data: { type: 'default', name: 'x' } });
    kernel.tell({ type: 'default', name: 'etl' });
    expect(told).toEqual([{ type: 'default', name: 'etl' }]);
  });

  test('a closed comm is told once, and lets its subshell go', async () => {
    await open();
    const closed = jest.fn();
    channel.closed.connect(closed);
    kernel.close();
    expect(closed).toHaveBeenCalledTimes(1);
    expect(kernel.control.at(-1)).toMatchObject({
      type: 'delete_subshell_request',
      content: { subshell_id: 'subshell 1' }
    });
    await expect(channel.request({ do: 'snapshot' })).rejects.toThrow(RequestFailed);
  });

  test('credit is renewed when half of it is used', async () => {
    await open();
    for (let i = 0; i < CREDIT / 2 - 1; i++) {
      kernel.tell({ type: 'default', name: 'etl' });
    }
    expect(kernel.messages()).toHaveLength(1);
    kernel.tell({ type: 'default', name: 'etl' });
    expect(kernel.messages()).toEqual([SEEN, SEEN]);
    kernel.tell({ type: 'default', name: 'etl' });
    expect(kernel.messages()).toHaveLength(2);
  });
});

describe('requests', () => {
  test('get the reply of their number, in whatever order', async () => {
    await open();
    const first = channel.request({ do: 'default', session: '1' });
    const second = channel.request({ do: 'default', session: '2' });
    await settle();
    const [, a, b] = kernel.messages();
    expect(a).toEqual({ type: 'request', request: 1, action: { do: 'default', session: '1' } });
    kernel.tell({ type: 'reply', request: b.request as number, value: { is: 'b' } });
    kernel.tell({ type: 'reply', request: a.request as number });
    await expect(first).resolves.toEqual({});
    await expect(second).resolves.toEqual({ is: 'b' });
  });

  test('fail as the kernel says', async () => {
    await open();
    const asked = channel.request({ do: 'close', session: '1' });
    await settle();
    kernel.tell({ type: 'reply', request: 1, error: { text: 'no session', hints: ['mars_nb.sessions'] } });
    await expect(asked).rejects.toMatchObject({ message: 'no session', hints: ['mars_nb.sessions'] });
  });

  test('wait until the comm is open', async () => {
    channel = new Channel(kernel.connection, trans);
    const asked = channel.request({ do: 'snapshot' });
    kernel.known.resolve();
    void channel.open(OPEN, SEEN);
    await settle();
    kernel.tell({ type: 'reply', request: 1, value: {} });
    await expect(asked).resolves.toEqual({});
  });

  test('fail if there is no answer, and one that comes late is nobody’s', async () => {
    await open();
    const asked = channel.request({ do: 'snapshot' });
    const failed = expect(asked).rejects.toThrow('has not answered');
    await jest.advanceTimersByTimeAsync(61_000);
    await failed;
    expect(() => kernel.tell({ type: 'reply', request: 1, value: {} })).not.toThrow();
  });

  test('are waited for as long as the cell takes, where there are no subshells', async () => {
    kernel.supportsSubshells = false;
    await open();
    const asked = channel.request({ do: 'snapshot' });
    await jest.advanceTimersByTimeAsync(600_000);
    kernel.tell({ type: 'reply', request: 1, value: { late: true } });
    await expect(asked).resolves.toEqual({ late: true });
  });

  test('fail when the channel goes', async () => {
    await open();
    const failed = expect(channel.request({ do: 'snapshot' })).rejects.toThrow('was closed');
    await settle();
    channel.dispose();
    await failed;
  });
});

describe('the end', () => {
  test('closes the comm, and lets the subshell go when the kernel has read that', async () => {
    await open();
    channel.dispose();
    await settle();
    expect(kernel.sent.at(-1)).toMatchObject({ type: 'comm_close', subshell: 'subshell 1' });
    expect(kernel.control).toHaveLength(1);
    kernel.read.resolve();
    await settle();
    expect(kernel.control.at(-1)?.type).toBe('delete_subshell_request');
    expect(kernel.comms[0].disposed).toBe(true);
  });

  test('does not wait for a kernel that reads nothing', async () => {
    await open();
    channel.dispose();
    await jest.advanceTimersByTimeAsync(3000);
    expect(kernel.control.at(-1)?.type).toBe('delete_subshell_request');
  });

  test('of the page waits for nothing', async () => {
    await open();
    void channel.end(0);
    expect(kernel.sent.at(-1)?.type).toBe('comm_close');
    expect(kernel.control.at(-1)?.type).toBe('delete_subshell_request');
  });

  test.each<[string, Partial<KernelDouble>]>([
    ['died', { status: 'dead' }],
    ['restarts', { status: 'restarting' }],
    ['is disposed of', { isDisposed: true }],
    ['is not connected', { connectionStatus: 'connecting' }]
  ])('sends nothing to a kernel that %s', async (_, facts) => {
    await open();
    const before = kernel.sent.length;
    Object.assign(kernel, facts);
    channel.dispose();
    await jest.advanceTimersByTimeAsync(3000);
    expect(kernel.sent).toHaveLength(before);
    expect(kernel.control).toHaveLength(1);
  });

  test('what comes later is not passed on', async () => {
    await open();
    const told = jest.fn();
    channel.told.connect(told);
    channel.dispose();
    kernel.tell({ type: 'default', name: 'etl' });
    expect(told).not.toHaveBeenCalled();
  });
});
