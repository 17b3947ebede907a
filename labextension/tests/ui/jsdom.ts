/* What JupyterLab's packages need of a browser as soon as they are loaded, and jsdom has not. */
Object.assign(window, {
  DragEvent: class extends MouseEvent {},
  PointerEvent: class extends MouseEvent {},
  requestIdleCallback: (told: () => void) => window.setTimeout(told),
  matchMedia: () => ({ matches: false, addEventListener: () => undefined, addListener: () => undefined })
});
Object.assign(navigator, { clipboard: {} });
