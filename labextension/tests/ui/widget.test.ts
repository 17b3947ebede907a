import './jsdom';

import { screen } from '@testing-library/react';
import { Sanitizer } from '@jupyterlab/apputils';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';

import { SidebarPanel } from '../../src/ui/panel';
import { session, stateOf } from '../examples';
import { ModelDouble, trans } from './page';

/** A panel in the page, with what it told of being shown. */
async function attach(): Promise<{ panel: SidebarPanel; model: ModelDouble; told: boolean[] }> {
  const model = new ModelDouble({ state: stateOf(session()) });
  const panel = new SidebarPanel(model, trans, new Sanitizer());
  const told: boolean[] = [];
  panel.shownChanged.connect((_, shown) => told.push(shown));
  await change(() => Widget.attach(panel, document.body));
  return { panel, model, told };
}

async function change(what: () => void): Promise<void> {
  await act(async () => {
    what();
    MessageLoop.flush();
    await Promise.resolve();
  });
}

afterEach(() => jest.useRealTimers());

test('tells once each time that it is shown or hidden, and its clock stands still while it is hidden', async () => {
  jest.useFakeTimers();
  const { panel, model, told } = await attach();
  const asked = jest.spyOn(model, 'now');
  const ticks = async () => {
    asked.mockClear();
    await change(() => jest.advanceTimersByTime(3000));
    return asked.mock.calls.length;
  };
  expect([told, await ticks()]).toEqual([[true], 3]);
  await change(() => panel.hide());
  expect([told, await ticks()]).toEqual([[true, false], 0]);
  await change(() => panel.show());
  await change(() => Widget.detach(panel));
  expect(told).toEqual([true, false, true, false]);
  await change(() => panel.dispose());
});

test('opens the form of a new session', async () => {
  const { panel } = await attach();
  await change(() => panel.newSession());
  expect(document.activeElement).toBe(screen.getByRole('textbox', { name: 'Name' }));
  await change(() => panel.dispose());
});
