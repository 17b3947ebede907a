import { Span } from '../../src/model/timeline';
import { busyBy } from '../../src/ui/timeline/busy';
import {
  boxesOf,
  endOf,
  moved,
  neighbour,
  revealing,
  rowHeight,
  spanAt,
  tickLabel,
  ticksOf,
  zoomed
} from '../../src/ui/timeline/layout';
import { shortNames } from '../../src/ui/timeline/names';
import { ordered } from '../../src/ui/timeline/ordered';
import { keyed, Sight, wheeled } from '../../src/ui/timeline/pointer';

function span(worker: number, start: number, duration: number, operation = 0, tasks = 1): Span {
  return { worker, start, duration, operation, tasks };
}

const SECOND = { from: 0, to: 1000 };

describe('rows', () => {
  const told = (workers: string[]) => ({
    session: '1',
    task: 7,
    operations: ['a'],
    workers,
    spans: workers.map((_, worker) => span(worker, worker, 1))
  });

  test('have the order of their names, however they came', () => {
    const found = ordered(told(['thread 10', 'thread 2', 'thread 1']));
    expect(found.workers).toEqual(['thread 1', 'thread 2', 'thread 10']);
    expect(found.spans.map(each => [found.workers[each.worker], each.start])).toEqual([
      ['thread 10', 0],
      ['thread 2', 1],
      ['thread 1', 2]
    ]);
  });

  test('are left alone if they have it', () => {
    const timeline = told(['thread 1', 'thread 2']);
    expect(ordered(timeline)).toBe(timeline);
  });
});

describe('boxes', () => {
  test.each<[string, Span[], number[][]]>([
    ['one', [span(0, 100, 200)], [[0, 10, 20, 0]]],
    ['cut at both ends', [span(1, -100, 2000)], [[1, 0, 100, 0]]],
    ['outside', [span(0, 1001, 5), span(0, -10, 5)], []],
    ['less than a pixel is a pixel', [span(0, 500, 1)], [[0, 50, 1, 0]]],
    ['neighbours of an operation are one', [span(0, 0, 100), span(0, 102, 98)], [[0, 0, 20, 0]]],
    [
      'neighbours of others are two',
      [span(0, 0, 100), span(0, 100, 100, 1)],
      [
        [0, 0, 10, 0],
        [0, 10, 10, 1]
      ]
    ],
    ['what is hidden below a pixel is left out', [span(0, 0, 1), span(0, 2, 1, 1), span(0, 4, 1, 2)], [[0, 0, 1, 0]]],
    [
      'rows are apart',
      [span(0, 0, 100), span(1, 0, 100)],
      [
        [0, 0, 10, 0],
        [1, 0, 10, 0]
      ]
    ],
    [
      'an earlier one is not lost',
      [span(0, 500, 100), span(0, 0, 100)],
      [
        [0, 50, 10, 0],
        [0, 0, 10, 0]
      ]
    ]
  ])('%s', (_, spans, expected) =>
    expect(boxesOf(spans, SECOND, 100).map(({ row, x, width, operation }) => [row, x, width, operation])).toEqual(
      expected
    )
  );

  test('there are not many more than pixels', () => {
    const spans = Array.from({ length: 100_000 }, (_, at) => span(0, at / 100, 0.01, at % 3));
    expect(boxesOf(spans, SECOND, 100).length).toBeLessThanOrEqual(101);
  });
});

test('the end of the last span', () => expect([endOf([]), endOf([span(0, 5, 90), span(1, 20, 5)])]).toEqual([0, 95]));

test.each([
  [15, 0, 100],
  [15, 1, undefined],
  [5, 0, undefined],
  [40.9, 0, 402] // of two that share the pixel the longer one
])('the span at %d in row %d', (x, row, start) => {
  const spans = [span(0, 100, 200), span(0, 400, 1), span(0, 402, 8)];
  expect(spanAt(spans, SECOND, 100, x, row)?.start).toBe(start);
});

test.each([
  ['closer', SECOND, 0.5, 500, { from: 250, to: 750 }],
  ['closer at the start', SECOND, 0.5, 0, { from: 0, to: 500 }],
  ['not beyond all', { from: 100, to: 600 }, 10, 100, SECOND],
  ['not beyond a millisecond', { from: 5, to: 7 }, 0.001, 5, { from: 5, to: 6 }]
])('zoom %s', (_, window, factor, at, expected) => expect(zoomed(window, 1000, factor, at)).toEqual(expected));

test.each([
  [100, { from: 200, to: 400 }],
  [-500, { from: 0, to: 200 }],
  [5000, { from: 800, to: 1000 }]
])('move by %d', (by, expected) => expect(moved({ from: 100, to: 300 }, 1000, by)).toEqual(expected));

test('reveal what is out of sight only', () => {
  const window = { from: 100, to: 300 };
  expect(revealing(window, 1000, span(0, 150, 20))).toBe(window);
  expect(revealing(window, 1000, span(0, 600, 20))).toEqual({ from: 510, to: 710 });
});

test.each([
  [SECOND, 300, [0, 500, 1000]],
  [{ from: 0, to: 125_000 }, 300, [0, 30_000, 60_000, 90_000, 120_000]],
  [{ from: 3, to: 9 }, 300, [4, 6, 8]]
])('ticks of %j', (window, width, ticks) => expect(ticksOf(window, width, 64)).toEqual(ticks));

test('ticks are written', () =>
  expect([0, 20, 1500, 60_000, 125_000, 3_723_000].map(tickLabel)).toEqual([
    '0',
    '20 ms',
    '1.5 s',
    '1:00',
    '2:05',
    '1:02:03'
  ]));

test('rows are lower where there are many', () => expect([1, 24, 1000].map(rowHeight)).toEqual([16, 8, 4]));

test.each([
  [
    ['worker-10', 'worker-11'],
    ['10', '11']
  ],
  [
    ['etl_0', 'etl_1'],
    ['0', '1']
  ],
  [
    ['tcp://a:1', 'tcp://b:1'],
    ['a:1', 'b:1']
  ],
  [
    ['left', 'light'],
    ['left', 'light']
  ],
  [['one'], ['one']],
  [
    ['a', 'a-1'],
    ['a', 'a-1']
  ],
  [[], []]
])('%j are short', (names, expected) => expect(shortNames(names)).toEqual(expected));

test('busy times', () => {
  const spans = [span(1, 0, 500, 0, 2), span(0, 0, 250, 1), span(1, 600, 1500, 1)];
  expect(busyBy(spans, each => each.worker)).toEqual([
    { index: 0, seconds: 0.25, tasks: 1 },
    { index: 1, seconds: 2, tasks: 3 }
  ]);
  expect(busyBy(spans, each => each.operation).map(each => each.tasks)).toEqual([2, 2]);
});

describe('keys and wheel', () => {
  const spans = [span(0, 0, 10), span(0, 100, 10), span(1, 90, 10), span(1, 900, 10)];
  const sight: Sight = { window: SECOND, whole: 1000 };

  test.each([
    [undefined, 'next', spans[0]],
    [spans[0], 'next', spans[1]],
    [spans[1], 'next', undefined],
    [spans[1], 'previous', spans[0]],
    [spans[1], 'down', spans[2]],
    [spans[2], 'up', spans[1]],
    [spans[2], 'down', undefined]
  ] as const)('from %j %s', (at, step, expected) => expect(neighbour(spans, at, step)).toBe(expected));

  test.each<[string, boolean, Partial<Sight> | undefined]>([
    ['+', false, { window: { from: 100, to: 900 } }],
    ['-', false, { window: SECOND }],
    ['0', false, { window: SECOND }],
    ['ArrowRight', false, { marked: spans[0] }],
    ['ArrowDown', false, { marked: spans[0] }],
    ['ArrowRight', true, { window: SECOND }],
    ['Escape', false, undefined],
    ['a', false, undefined]
  ])('key %s, shift %p', (key, shift, expected) =>
    expect(keyed(spans, sight, key, shift)).toEqual(expected && { ...sight, ...expected })
  );

  test('keys move what is shown', () => {
    const close = { ...sight, window: { from: 0, to: 100 } };
    expect(keyed(spans, close, 'ArrowRight', true)?.window).toEqual({ from: 20, to: 120 });
    expect(keyed(spans, { ...close, marked: spans[2] }, 'ArrowRight', false)).toEqual({
      ...close,
      window: { from: 855, to: 955 },
      marked: spans[3]
    });
    expect(keyed(spans, { ...close, marked: spans[3] }, 'Escape', false)?.marked).toBeUndefined();
  });

  test('the wheel zooms where it is, and lets the page scroll at the end', () => {
    expect(wheeled(sight, 100, 50, 0, -100)).toEqual({ from: 100, to: 900 });
    expect(wheeled(sight, 100, 50, 0, 100)).toBeUndefined();
    expect(wheeled(sight, 100, 50, 10, 0)).toBeUndefined();
    expect(wheeled({ ...sight, window: { from: 0, to: 100 } }, 100, 50, 10, 0)).toEqual({ from: 10, to: 110 });
  });
});
