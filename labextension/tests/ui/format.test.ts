import { ago, duration, elapsed, left, percent, place, shape, size, unrepeated } from '../../src/ui/format';
import { trans } from './page';

test.each([
  [0, '0 B'],
  [900, '900 B'],
  [922, '0.90 kiB'],
  [3 * 2 ** 29, '1.50 GiB'],
  [2 ** 51, '2.00 PiB']
])('%d bytes', (nbytes, text) => expect(size(nbytes)).toBe(text));

test.each([
  [-1, '0 ms'],
  [0.0123, '12 ms'],
  [5, '5.0 s'],
  [59.96, '1 min 00 s'],
  [62, '1 min 02 s'],
  [3720, '1 h 02 min']
])('%d seconds last', (seconds, text) => expect(duration(seconds)).toBe(text));

test.each([
  [0.9, '0 s'],
  [59.9, '59 s'],
  [61, '1 min 01 s']
])('%d seconds so far', (seconds, text) => expect(elapsed(seconds)).toBe(text));

test.each([
  [0.2, 'just now'],
  [5.5, '5 s ago'],
  [200, '3 min ago'],
  [7300, '2 h ago'],
  [200_000, '2 d ago']
])('%d seconds ago', (seconds, text) => expect(ago(seconds, trans)).toBe(text));

test.each([
  [0.2, 'about 1 s left'],
  [12.3, 'about 12 s left'],
  [62, 'about 60 s left'],
  [200, 'about 3 min left'],
  [3600, 'about 60 min left'],
  [3 * 3600, 'about 3 h left']
])('%d seconds to go', (seconds, text) => expect(left(seconds, trans)).toBe(text));

test('all is done only at the end', () => expect([0, 0.999, 1].map(percent)).toEqual(['0%', '99%', '100%']));

test('shapes', () => expect([shape([3, '?']), shape([])]).toEqual(['3 × ?', '']));

test('where results are', () =>
  expect([place(10, 0, trans), place(10, 4, trans), place(10, 10, trans)]).toEqual([
    'in memory',
    '4 B on disk',
    'on disk'
  ]));

test('words are not repeated', () =>
  expect(['sum', 'step, step, sum, step', 'a, b'].map(unrepeated)).toEqual(['sum', 'step ×3, sum', 'a, b']));
