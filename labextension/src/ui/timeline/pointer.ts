/* What the mouse and the keys do on a timeline. */
import { Span } from '../../model/timeline';
import { moved, neighbour, revealing, Window, zoomed } from './layout';

const ZOOM_STEP = 1.25;
/** One notch of most wheels. */
const NOTCH_PX = 100;
const PAN_SHARE = 0.2;

/** What can be seen of how much, and what is marked. */
export interface Sight {
  window: Window;
  whole: number;
  marked?: Span;
}

/** What a turn of the wheel shows; nothing if the page may scroll by it. */
export function wheeled(sight: Sight, width: number, x: number, deltaX: number, deltaY: number): Window | undefined {
  const { window, whole } = sight;
  const length = window.to - window.from;
  if (Math.abs(deltaX) > Math.abs(deltaY)) {
    return length < whole ? moved(window, whole, (deltaX / width) * length) : undefined;
  }
  if (deltaY > 0 && length >= whole) {
    return undefined;
  }
  const at = window.from + (x / width) * length;
  return zoomed(window, whole, ZOOM_STEP ** (deltaY / NOTCH_PX), at);
}

/** What a key shows and marks; nothing if it does nothing here. */
export function keyed(spans: readonly Span[], sight: Sight, key: string, shift: boolean): Sight | undefined {
  const { window, whole, marked } = sight;
  const length = window.to - window.from;
  const middle = marked ? marked.start + marked.duration / 2 : window.from + length / 2;
  switch (key) {
    case '+':
    case '=':
      return { ...sight, window: zoomed(window, whole, 1 / ZOOM_STEP, middle) };
    case '-':
      return { ...sight, window: zoomed(window, whole, ZOOM_STEP, middle) };
    case '0':
    case 'Home':
      return { ...sight, window: { from: 0, to: whole } };
    case 'Escape':
      return marked && { ...sight, marked: undefined };
    case 'ArrowLeft':
    case 'ArrowRight': {
      const later = key === 'ArrowRight';
      if (shift) {
        return { ...sight, window: moved(window, whole, (later ? 1 : -1) * PAN_SHARE * length) };
      }
      return marking(later ? 'next' : 'previous');
    }
    case 'ArrowUp':
      return marking('up');
    case 'ArrowDown':
      return marking('down');
    default:
      return undefined;
  }

  function marking(step: 'next' | 'previous' | 'up' | 'down'): Sight {
    const next = neighbour(spans, marked, step) ?? marked;
    return { ...sight, marked: next, window: next ? revealing(window, whole, next) : window };
  }
}
