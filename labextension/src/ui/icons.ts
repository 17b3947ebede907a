/* Icons that JupyterLab has not. Their colours are those of its themes. */
import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, path: string): LabIcon {
  const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="${path}"/></svg>`;
  return new LabIcon({ name: `mars-nb:${name}`, svgstr });
}

/** A star: the default session. */
export const defaultIcon = icon('default', 'M8 1.8l1.9 3.9 4.3.6-3.1 3 .7 4.3L8 11.6l-3.8 2 .7-4.3-3.1-3 4.3-.6z');
/** An arrow into a line of code: insert code that fetches. */
export const fetchIcon = icon('fetch', 'M7.3 2h1.4v5.6l2.1-2.1 1 1L8 10.3 4.2 6.5l1-1 2.1 2.1zM2.5 12h11v1.5h-11z');
/** A disk: what is not in memory. */
export const diskIcon = icon(
  'disk',
  'M8 2c3.3 0 5.5 1 5.5 2.4v7.2c0 1.4-2.2 2.4-5.5 2.4s-5.5-1-5.5-2.4V4.4C2.5 3 4.7 2 8 2zm0 1.3c-2.6 0-4 .7-4 1.1s1.4 1.1 4 1.1 4-.7 4-1.1-1.4-1.1-4-1.1z'
);
