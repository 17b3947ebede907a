/* A panel in jsdom, which lays nothing out and draws nothing: sizes and canvases are pretended. */
import './jsdom';

import { fireEvent, render, RenderResult } from '@testing-library/react';
import { Sanitizer } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { act, ReactElement } from 'react';

import { IPanelModel, View } from '../../src/model/model';
import { Action, Followed, Recorded, Result, State } from '../../src/protocol';
import { Clock } from '../../src/ui/clock';
import { NoticeBoard } from '../../src/ui/notices';
import { Panel } from '../../src/ui/panel';
import { Tools, ToolsContext } from '../../src/ui/tools';

const BODY_PX = 400;
const ROW_PX = 40;

const width = { get: () => 300 };
const height = {
  get(this: HTMLElement) {
    return this.classList.contains('mars-nb-Section-body') ? BODY_PX : ROW_PX;
  }
};
Object.defineProperties(HTMLElement.prototype, {
  offsetHeight: height,
  clientHeight: height,
  offsetWidth: width,
  clientWidth: width,
  scrollTo: { value: () => undefined },
  scrollIntoView: { value: () => undefined, writable: true }
});
window.ResizeObserver = class implements ResizeObserver {
  observe(): void {
    /* Nothing changes its size. */
  }
  unobserve(): void {
    /* ... */
  }
  disconnect(): void {
    /* ... */
  }
};
HTMLElement.prototype.setPointerCapture = () => undefined;
HTMLCanvasElement.prototype.getContext = () => null;

/** A request that waits for the test's answer. */
export interface Asked extends PromiseDelegate<Record<string, unknown>> {
  action: Action;
}

/** Notes down what is asked of it. */
export class ModelDouble implements IPanelModel {
  constructor(view: Partial<View> = {}) {
    this.view = { title: 'a.ipynb', waits: false, ...view };
  }

  view: View;
  readonly changed = new Signal<this, void>(this);
  readonly asked: Asked[] = [];
  readonly followed: (Followed | undefined)[] = [];
  readonly inserted: string[] = [];
  readonly visited: Recorded[] = [];
  time = 1000;
  /** Whether cells are found. */
  finds = true;

  now(): number {
    return this.time;
  }

  request(action: Action): Promise<Record<string, unknown>> {
    const asked = Object.assign(new PromiseDelegate<Record<string, unknown>>(), { action });
    this.asked.push(asked);
    return asked.promise;
  }

  follow(task?: Followed): void {
    this.followed.push(task);
  }

  insertLoad(): void {
    this.inserted.push('load');
  }

  insertFetch(session: string, result: Result): void {
    this.inserted.push(`${session} ${result.names.join()}`);
  }

  goTo(where: Recorded): boolean {
    this.visited.push(where);
    return this.finds;
  }

  /** Tell of something else. */
  tell(view: Partial<View>): void {
    act(() => {
      this.view = { ...this.view, ...view };
      this.changed.emit();
    });
  }

  /** Answer the last request. */
  async answer(value: Record<string, unknown> = {}): Promise<void> {
    await act(async () => {
      this.asked.at(-1)?.resolve(value);
      await Promise.resolve();
    });
  }

  /** Let the last request fail. */
  async refuse(error: unknown): Promise<void> {
    await act(async () => {
      this.asked.at(-1)?.reject(error);
      await Promise.resolve();
    });
  }
}

/** Find an element that has to be there. */
export function find(where: Element, selector: string): HTMLElement {
  const found = where.querySelector<HTMLElement>(selector);
  if (!found) {
    throw new Error(`there is no ${selector} in ${where.outerHTML}`);
  }
  return found;
}

/** Press a key where the focus is. */
export function pressKey(key: string): void {
  fireEvent.keyDown(document.activeElement ?? document.body, { key });
}

export const trans = nullTranslator.load('mars_nb');

export function toolsOf(model: IPanelModel): Tools {
  return { model, trans, sanitizer: new Sanitizer(), newSession: new Signal<unknown, void>(model) };
}

/** Show the whole panel. */
export function showPanel(view: Partial<View>): RenderResult & { model: ModelDouble; tools: Tools } {
  const model = new ModelDouble(view);
  const tools = toolsOf(model);
  return { ...render(<Panel tools={tools} shown />), model, tools };
}

/** Show the whole panel with a state. */
export function showState(state: State): ReturnType<typeof showPanel> {
  return showPanel({ state });
}

/** Show a part of the panel. */
export function show(part: ReactElement, model = new ModelDouble()): RenderResult & { model: ModelDouble } {
  const shown = render(
    <ToolsContext.Provider value={toolsOf(model)}>
      <Clock shown>
        <NoticeBoard>{part}</NoticeBoard>
      </Clock>
    </ToolsContext.Provider>
  );
  return { ...shown, model };
}
