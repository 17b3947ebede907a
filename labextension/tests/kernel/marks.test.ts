import { MarkReader } from '../../src/kernel/marks';
import { FrontDouble, KernelDouble } from './double';

const MARK = { progress: 'p', session: 'etl', fraction: 0.5, state: 'running' };

let front: FrontDouble;
let kernel: KernelDouble;
let reader: MarkReader;
let changed: jest.Mock;

beforeEach(() => {
  front = new FrontDouble();
  kernel = new KernelDouble();
  front.double = kernel;
  reader = new MarkReader(front);
  changed = jest.fn();
  reader.changed.connect(changed);
});

function draw(mark: object, type = 'update_display_data', from = kernel): void {
  from.publish(type, { data: {}, metadata: { mars_nb: mark } });
}

test.each(['display_data', 'update_display_data'])('marks are read from %s', type => {
  draw(MARK, type);
  expect([...reader.marks.values()]).toEqual([MARK]);
});

test('other outputs have none', () => {
  kernel.publish('display_data', { data: {}, metadata: {} });
  kernel.publish('stream', { name: 'stdout', text: '' });
  expect(changed).not.toHaveBeenCalled();
});

test('what ended is not among them', () => {
  draw(MARK);
  draw({ ...MARK, state: 'done' });
  expect(reader.marks.size).toBe(0);
});

test.each(['restarting', 'autorestarting', 'dead'] as const)('a kernel that is %s runs nothing any more', status => {
  draw(MARK);
  kernel.status = status;
  front.change();
  expect(reader.marks.size).toBe(0);
});

test('they are those of the kernel in front', () => {
  draw(MARK);
  const other = new KernelDouble('k2');
  front.change({ double: other });
  expect(reader.marks.size).toBe(0);
  draw(MARK);
  expect(reader.marks.size).toBe(0);
  draw(MARK, 'display_data', other);
  expect(reader.marks.size).toBe(1);
});

test('nothing is told of what was read already', () => {
  front.change();
  expect(changed).not.toHaveBeenCalled();
});
