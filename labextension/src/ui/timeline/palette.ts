/** Colours that can be told apart, and seen on the panel's ground, in all themes; the lighter ones for whatever comes late. */
const PALETTE = [
  '--jp-brand-color1',
  '--jp-warn-color1',
  '--jp-success-color1',
  '--jp-mirror-editor-operator-color',
  '--jp-info-color1',
  '--jp-mirror-editor-string-color',
  '--jp-mirror-editor-bracket-color',
  '--jp-brand-color2',
  '--jp-warn-color2',
  '--jp-success-color2',
  '--jp-info-color2'
];

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
