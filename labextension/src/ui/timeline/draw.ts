import { Span } from '../../model/timeline';
import { Box, boxesOf, tickLabel, ticksOf, Window } from './layout';
import { Inks } from './palette';

/** Pixels of the axis below the rows. */
export const AXIS_PX = 18;
const TICKS_APART = 64;
const GAP = 1;

export interface Drawing {
  spans: readonly Span[];
  /** Number of the colour of each operation. */
  colours: readonly number[];
  /** Names of the rows, as far as there is room. */
  rows: readonly string[];
  window: Window;
  /** Of all, and of the names of the rows. */
  width: number;
  gutter: number;
  rowHeight: number;
  /** Has a frame. */
  marked?: Span;
}

/** Draw a timeline; the canvas is scaled to CSS pixels already. */
export function draw(context: CanvasRenderingContext2D, drawing: Drawing, inks: Inks): void {
  const { rows, window, width, gutter, rowHeight } = drawing;
  const inner = width - gutter;
  const height = rows.length * rowHeight;
  context.clearRect(0, 0, width, height + AXIS_PX);
  context.font = inks.font;
  drawAxis(context, drawing, inks);
  context.save();
  context.translate(gutter, 0);
  drawBoxes(context, boxesOf(drawing.spans, window, inner), drawing, inks);
  drawMark(context, drawing, inner, inks);
  context.restore();
  if (gutter) {
    context.fillStyle = inks.text;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    rows.forEach((name, row) => context.fillText(name, 0, (row + 0.5) * rowHeight, gutter - 4));
  }
}

/** Colour by colour: changing colours takes longer than filling. */
function drawBoxes(context: CanvasRenderingContext2D, boxes: Box[], drawing: Drawing, inks: Inks): void {
  const { colours, rowHeight } = drawing;
  inks.operations.forEach((ink, colour) => {
    context.fillStyle = ink;
    for (const { row, x, width, operation } of boxes) {
      if (colours[operation] === colour) {
        context.fillRect(x, row * rowHeight, width, rowHeight - GAP);
      }
    }
  });
}

function drawMark(context: CanvasRenderingContext2D, drawing: Drawing, width: number, inks: Inks): void {
  const { marked, window, rowHeight } = drawing;
  if (!marked) {
    return;
  }
  const scale = width / (window.to - window.from);
  const x = (marked.start - window.from) * scale;
  context.strokeStyle = inks.focus;
  context.lineWidth = 2;
  context.strokeRect(x, marked.worker * rowHeight, Math.max(2, marked.duration * scale), rowHeight - GAP);
}

function drawAxis(context: CanvasRenderingContext2D, drawing: Drawing, inks: Inks): void {
  const { rows, window, width, gutter, rowHeight } = drawing;
  const inner = width - gutter;
  const height = rows.length * rowHeight;
  context.fillStyle = inks.line;
  context.fillRect(gutter, height, inner, 1);
  context.textBaseline = 'alphabetic';
  for (const tick of ticksOf(window, inner, TICKS_APART)) {
    const x = gutter + ((tick - window.from) / (window.to - window.from)) * inner;
    context.fillStyle = inks.line;
    context.fillRect(Math.round(x), 0, 1, height + 3);
    context.fillStyle = inks.text;
    context.textAlign = x - gutter < 12 ? 'left' : x > width - 24 ? 'right' : 'center';
    context.fillText(tickLabel(tick), x, height + AXIS_PX - 4);
  }
}
