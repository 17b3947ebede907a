/* Where on a timeline things are: pure. Times are milliseconds since the task was started, lengths are CSS pixels. */
import { Span } from '../../model/timeline';

/** The part of time that is shown. */
export interface Window {
  from: number;
  to: number;
}

/** What is drawn in one go: a span, or several of the same operation that touch each other. */
export interface Box {
  row: number;
  x: number;
  width: number;
  operation: number;
}

/** Less than this cannot be seen. */
const PIXEL = 1;
/** The least that can be shown, in milliseconds. */
const CLOSEST = 1;

/** When the last span ends. */
export function endOf(spans: readonly Span[]): number {
  let end = 0;
  for (const span of spans) {
    end = Math.max(end, span.start + span.duration);
  }
  return end;
}

/**
 * Place the spans that can be seen.
 *
 * Spans of a row that share a pixel become one box, so there are not many more boxes than pixels in all rows.
 */
export function boxesOf(spans: readonly Span[], { from, to }: Window, width: number): Box[] {
  const scale = width / (to - from);
  const boxes: Box[] = [];
  const last: (Box | undefined)[] = [];
  for (const { worker, operation, start, duration } of spans) {
    if (start > to || start + duration < from) {
      continue;
    }
    const x = Math.max(0, (start - from) * scale);
    const end = Math.min(width, (start + duration - from) * scale);
    const before = last[worker];
    const covered = before && x >= before.x ? before.x + before.width : -Infinity;
    if (before && end <= covered) {
      continue; // hidden
    }
    if (before?.operation === operation && x < covered + PIXEL / 2) {
      before.width = end - before.x;
    } else {
      const left = Math.max(x, covered);
      const box = { row: worker, x: left, width: Math.max(PIXEL, end - left), operation };
      boxes.push(box);
      last[worker] = box;
    }
  }
  return boxes;
}

/** Find the span at a place; of several that share the pixel the longest. */
export function spanAt(
  spans: readonly Span[],
  { from, to }: Window,
  width: number,
  x: number,
  row: number
): Span | undefined {
  const scale = (to - from) / width;
  const first = from + (x - PIXEL) * scale;
  const last = from + (x + PIXEL) * scale;
  let found: Span | undefined;
  for (const span of spans) {
    const here = span.worker === row && span.start <= last && span.start + span.duration >= first;
    if (here && span.duration >= (found?.duration ?? 0)) {
      found = span;
    }
  }
  return found;
}

/** Show more or less of the whole, with the moment `at` staying where it is. */
export function zoomed({ from, to }: Window, whole: number, factor: number, at: number): Window {
  const length = Math.min(whole, Math.max(CLOSEST, (to - from) * factor));
  return within(at - ((at - from) / (to - from)) * length, length, whole);
}

/** Show what is later or, if `by` is negative, earlier. */
export function moved({ from, to }: Window, whole: number, by: number): Window {
  return within(from + by, to - from, whole);
}

/** Move so far that a span can be seen. */
export function revealing(window: Window, whole: number, { start, duration }: Span): Window {
  const length = window.to - window.from;
  if (start >= window.from && start + duration <= window.to) {
    return window;
  }
  return within(start + duration / 2 - length / 2, length, whole);
}

function within(from: number, length: number, whole: number): Window {
  const start = Math.max(0, Math.min(from, whole - length));
  return { from: start, to: start + length };
}

/** Moments to write at the axis: round ones, at least `apart` pixels from each other. */
export function ticksOf({ from, to }: Window, width: number, apart: number): number[] {
  const least = ((to - from) / width) * apart;
  const step = STEPS.find(each => each >= least) ?? STEPS[STEPS.length - 1];
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
    ticks.push(tick);
  }
  return ticks;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30].map(n => n * SECOND),
  ...[1, 2, 5, 10, 20, 30].map(n => n * MINUTE),
  ...[1, 2, 5, 10, 24, 48, 120, 240].map(n => n * HOUR)
];

/** Write a moment at the axis: "20 ms", "1.5 s", "2:05". */
export function tickLabel(tick: number): string {
  if (tick < SECOND) {
    return tick ? `${tick} ms` : '0';
  }
  if (tick < MINUTE) {
    return `${Number((tick / SECOND).toFixed(3))} s`;
  }
  const seconds = Math.floor(tick / SECOND);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, at) => (at ? String(part).padStart(2, '0') : part)).join(':');
}

/** How high a row is: less where there are many. */
export function rowHeight(rows: number): number {
  return Math.max(4, Math.min(16, Math.floor(192 / Math.max(1, rows))));
}

/** The next span that is to be looked at: in the same row, or in another one at about the same time. */
export function neighbour(
  spans: readonly Span[],
  at: Span | undefined,
  step: 'next' | 'previous' | 'up' | 'down'
): Span | undefined {
  if (!at) {
    return spans.reduce<Span | undefined>((a, b) => (a && before(a, b) <= 0 ? a : b), undefined);
  }
  const direction = step === 'next' || step === 'down' ? 1 : -1;
  if (step === 'next' || step === 'previous') {
    return nearest(spans, span => (span.worker === at.worker ? (span.start - at.start) * direction : 0));
  }
  const row = nearest(spans, span => (span.worker - at.worker) * direction)?.worker;
  return spans
    .filter(span => span.worker === row)
    .reduce<Span | undefined>((a, b) => (a && distance(a) <= distance(b) ? a : b), undefined);

  function distance(span: Span): number {
    return Math.abs(span.start - (at?.start ?? 0));
  }
}

function before(a: Span, b: Span): number {
  return a.worker - b.worker || a.start - b.start;
}

/** The span with the smallest positive measure. */
function nearest(spans: readonly Span[], measure: (span: Span) => number): Span | undefined {
  let found: Span | undefined;
  let least = Infinity;
  for (const span of spans) {
    const length = measure(span);
    if (length > 0 && length < least) {
      [found, least] = [span, length];
    }
  }
  return found;
}
