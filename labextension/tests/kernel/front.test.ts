import '../ui/jsdom';

import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Front, FrontWidget } from '../../src/kernel/front';

class Context {
  readonly sessionChanged = new Signal<this, void>(this);
  readonly kernelChanged = new Signal<this, void>(this);
  readonly statusChanged = new Signal<this, string>(this);
  readonly connectionStatusChanged = new Signal<this, string>(this);
  readonly session = { kernel: { id: 'k' } };
}

/** A notebook, a console, or another document. */
class Document extends Widget {
  readonly sessionContext = new Context();
}

/** A shell, or a tracker of some documents. */
class Current {
  constructor(private readonly _all: Document[] = []) {}

  readonly currentChanged = new Signal<this, void>(this);
  currentWidget: Document | null = null;

  has(widget: Document): boolean {
    return this._all.includes(widget);
  }

  come(widget: Document | null): void {
    this.currentWidget = widget;
    this.currentChanged.emit();
  }
}

const [one, two, terminal, text] = ['one', 'two', 'terminal', 'text'].map(label => {
  const document = new Document();
  document.title.label = label;
  return document;
});

let shell: Current;
let notebooks: Current;
let consoles: Current;
let front: Front;
let changed: jest.Mock;

beforeEach(() => {
  shell = new Current();
  notebooks = new Current([one, two]);
  consoles = new Current([terminal]);
  front = make();
  changed = jest.fn();
  front.changed.connect(changed);
});

function make(): Front {
  return new Front(
    shell as unknown as Front['_shell'],
    notebooks as unknown as INotebookTracker,
    consoles as unknown as IConsoleTracker
  );
}

/** Bring a document to the front. */
function show(document: Document): void {
  notebooks.come(notebooks.has(document) ? document : notebooks.currentWidget);
  consoles.come(consoles.has(document) ? document : consoles.currentWidget);
  shell.come(document);
}

test('nothing is in front at first', () => {
  expect([front.widget, front.context, front.kernel]).toEqual([null, null, null]);
});

test('the notebook or console with the focus is in front', () => {
  for (const document of [one, terminal, two]) {
    show(document);
    expect(front.widget).toBe(document);
    expect(front.kernel).toBe(document.sessionContext.session.kernel);
  }
});

test('another document in front changes nothing', () => {
  show(one);
  changed.mockClear();
  show(text);
  expect(front.widget).toBe(one);
  expect(changed).not.toHaveBeenCalled();
});

test('what is there already is found', () => {
  show(two);
  expect(make().widget).toBe(two);
});

test('a restored notebook that has not had the focus counts', () => {
  notebooks.come(one);
  expect(front.widget).toBe(one);
});

test('when the last one is closed another one takes its place', () => {
  const closing = new Document();
  notebooks = new Current([closing, one]);
  front = make();
  show(closing);
  notebooks.come(one);
  shell.come(text);
  closing.dispose();
  expect(front.widget).toBe(one);
});

test('what happens to its kernel is told; what happens to others is not', () => {
  show(one);
  show(two);
  changed.mockClear();
  const { sessionContext } = two;
  sessionContext.sessionChanged.emit();
  sessionContext.kernelChanged.emit();
  sessionContext.statusChanged.emit('busy');
  sessionContext.connectionStatusChanged.emit('connecting');
  two.title.label = 'renamed';
  expect(changed).toHaveBeenCalledTimes(5);
  one.sessionContext.statusChanged.emit('busy');
  expect(changed).toHaveBeenCalledTimes(5);
});

test('a page without consoles has notebooks', () => {
  const alone = new Front(shell as unknown as Front['_shell'], notebooks as unknown as INotebookTracker, null);
  show(one);
  expect(alone.widget).toBe(one as unknown as FrontWidget);
});
