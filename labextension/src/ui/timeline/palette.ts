/** Colours that tell apart in all themes: JupyterLab's own for kinds of things, without its red and its grey. */
const PALETTE = [1, 2, 3, 5, 10, 7, 9, 6].map(n => `--jp-completer-type-background${n}`);

/** How many colours there are. */
export const COLOURS = PALETTE.length;

/** The colour of an operation, for CSS. */
export function colourOf(order: number): string {
  return `var(${PALETTE[order % COLOURS]})`;
}

/** What a canvas draws with: variables as they are for an element. */
export interface Inks {
  operations: string[];
  text: string;
  line: string;
  ground: string;
  focus: string;
  font: string;
}

/** Read the theme's colours for a canvas, which knows no variables. */
export function inksOf(element: Element): Inks {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    operations: PALETTE.map(read),
    text: read('--jp-ui-font-color1'),
    line: read('--jp-border-color2'),
    ground: read('--jp-layout-color1'),
    focus: read('--jp-ui-font-color0'),
    font: `${read('--jp-ui-font-size0') || '11px'} ${style.fontFamily || 'sans-serif'}`
  };
}
