import { JSX, KeyboardEvent, PointerEvent, RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

import { Span, Timeline } from '../../model/timeline';
import { AXIS_PX, draw, Drawing } from './draw';
import { endOf, moved, rowHeight, spanAt, Window } from './layout';
import { shortNames } from './names';
import { COLOURS, Inks, inksOf } from './palette';
import { keyed, Sight, wheeled } from './pointer';

/** The least that is shown, in milliseconds. */
const SHORTEST = 100;
/** Room for the names of rows. */
const GUTTER_PX = 80;
const LETTER_PX = 7;
/** Rows that are lower have no names. */
const LEGIBLE_PX = 11;
const LINE_PX = 33;
/** Less is a click. */
const DRAG_PX = 4;

interface Props {
  timeline: Timeline;
  /** Milliseconds since the task was started. */
  elapsed: number;
  label: string;
  /** Id of what says which keys do what. */
  help: string;
  orderOf: (operation: number) => number;
  /** Has a frame. */
  marked?: Span;
  /** A span is pointed at, or marked by keys. */
  mark: (span: Span | undefined, byKey: boolean) => void;
  press: (span: Span) => void;
}

/** The drawing of a timeline: can be zoomed and moved, by mouse and by keys. */
export function TimelineCanvas(props: Props): JSX.Element {
  const { timeline, elapsed, label, help, orderOf, marked, mark, press } = props;
  const { spans, workers, operations } = timeline;
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const inks = useInks(canvas);
  const [part, setPart] = useState<Window>();
  const drag = useRef<{ x: number; from: Window; moving: boolean }>();

  const whole = Math.max(SHORTEST, elapsed, endOf(spans));
  const window = part ?? { from: 0, to: whole };
  const height = rowHeight(workers.length);
  const rows = shortNames(workers);
  const longest = Math.max(0, ...rows.map(name => name.length));
  const gutter = height >= LEGIBLE_PX ? Math.min(GUTTER_PX, (longest + 1) * LETTER_PX) : 0;
  const sight: Sight = { window, whole, marked };
  const show = ({ from, to }: Window) => setPart(from <= 0 && to >= whole ? undefined : { from, to });

  useDrawing(canvas, inks, {
    spans,
    colours: operations.map((_, at) => orderOf(at) % COLOURS),
    rows,
    window,
    width,
    gutter,
    rowHeight: height,
    marked
  });

  const at = (event: { clientX: number; clientY: number }) => {
    const place = canvas.current?.getBoundingClientRect();
    return { x: event.clientX - (place?.left ?? 0) - gutter, y: event.clientY - (place?.top ?? 0) };
  };
  useWheel(canvas, event => {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const next = wheeled(sight, width - gutter, at(event).x, event.deltaX * unit, event.deltaY * unit);
    if (next) {
      event.preventDefault();
      show(next);
    }
  });
  const find = (event: PointerEvent) => {
    const { x, y } = at(event);
    return spanAt(spans, window, width - gutter, x, Math.floor(y / height));
  };
  const onPointerMove = (event: PointerEvent) => {
    const start = drag.current;
    if (!start) {
      mark(find(event), false);
      return;
    }
    const by = event.clientX - start.x;
    if (start.moving || Math.abs(by) > DRAG_PX) {
      start.moving = true;
      show(moved(start.from, whole, (-by / (width - gutter)) * (start.from.to - start.from.from)));
    }
  };
  const onPointerUp = (event: PointerEvent) => {
    const start = drag.current;
    drag.current = undefined;
    const span = find(event);
    if (start && !start.moving && span) {
      press(span);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next =
      event.ctrlKey || event.metaKey || event.altKey ? undefined : keyed(spans, sight, event.key, event.shiftKey);
    if (next) {
      show(next.window);
      if (next.marked !== marked) {
        mark(next.marked, true);
      }
    } else if (event.key === 'Enter' && marked) {
      press(marked);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <canvas
      ref={canvas}
      className="mars-nb-Timeline-canvas"
      style={{ height: workers.length * height + AXIS_PX }}
      role="application"
      aria-label={label}
      aria-describedby={help}
      tabIndex={0}
      data-zoomed={part !== undefined}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, from: window, moving: false };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => (drag.current = undefined)}
      onPointerLeave={() => mark(undefined, false)}
      onDoubleClick={() => setPart(undefined)}
      onKeyDown={onKeyDown}
    />
  );
}

/** Draw once for each frame of the browser, at the most. */
function useDrawing(canvas: RefObject<HTMLCanvasElement>, inks: Inks | undefined, drawing: Drawing): void {
  const latest = useRef({ inks, drawing });
  const frame = useRef<number>();
  latest.current = { inks, drawing };
  useEffect(() => {
    frame.current ??= requestAnimationFrame(() => {
      frame.current = undefined;
      const context = canvas.current?.getContext('2d');
      const { inks: ready, drawing: wanted } = latest.current;
      if (!canvas.current || !context || !ready) {
        return;
      }
      const { width, rows, rowHeight: each } = wanted;
      const ratio = devicePixelRatio;
      const size = [Math.round(width * ratio), Math.round((rows.length * each + AXIS_PX) * ratio)];
      if (canvas.current.width !== size[0] || canvas.current.height !== size[1]) {
        [canvas.current.width, canvas.current.height] = size;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(context, wanted, ready);
    });
  });
  useEffect(
    () => () => {
      if (frame.current !== undefined) {
        cancelAnimationFrame(frame.current);
        frame.current = undefined;
      }
    },
    []
  );
}

/** The width of an element, as it is and becomes. */
function useWidth(element: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) {
      return;
    }
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    observer.observe(element.current);
    setWidth(element.current.clientWidth);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** The colours of JupyterLab's theme, also after it was changed. */
function useInks(element: RefObject<HTMLElement>): Inks | undefined {
  const [inks, setInks] = useState<Inks>();
  useEffect(() => {
    const read = () => setInks(element.current ? inksOf(element.current) : undefined);
    read();
    const observer = new MutationObserver(read);
    observer.observe(document.body, { attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'] });
    return () => observer.disconnect();
  }, [element]);
  return inks;
}

/** Listen to the wheel; React's own listeners may not keep the page from scrolling. */
function useWheel(element: RefObject<HTMLElement>, turned: (event: WheelEvent) => void): void {
  const latest = useRef(turned);
  latest.current = turned;
  useEffect(() => {
    const listener = (event: WheelEvent) => latest.current(event);
    const target = element.current;
    target?.addEventListener('wheel', listener, { passive: false });
    return () => target?.removeEventListener('wheel', listener);
  }, [element]);
}
