import './jsdom';

import { fireEvent, render } from '@testing-library/react';
import { TranslationBundle } from '@jupyterlab/translation';

import { View } from '../../src/model/model';
import { Panel } from '../../src/ui/panel';
import { result, session, stateOf, task } from '../examples';
import { find, ModelDouble, toolsOf, trans } from './page';

/** Translates into a language that has no Latin letters. */
const foreign: TranslationBundle = Object.assign(Object.create(trans) as TranslationBundle, {
  __: (text: string, ...values: unknown[]) => trans.__(turned(text), ...values.map(String)),
  _n: (one: string, many: string, count: number, ...values: unknown[]) =>
    trans._n(turned(one), turned(many), count, ...values.map(String))
});

function turned(text: string): string {
  return text.replace(/[A-Za-z]/g, 'ж');
}

/** Words in Latin letters that people or their screen readers meet: in texts, titles and labels. */
function wordsOf(root: HTMLElement): string[] {
  const attributes = ['title', 'aria-label', 'placeholder'];
  const said = [...root.querySelectorAll('*')].flatMap(each => [
    ...[...each.childNodes].filter(child => child.nodeType === Node.TEXT_NODE).map(child => child.textContent ?? ''),
    ...attributes.map(name => each.getAttribute(name) ?? '')
  ]);
  return said.flatMap(text => text.match(/[A-Za-z]{2,}/g) ?? []);
}

function show(view: Partial<View>): HTMLElement {
  return render(<Panel tools={{ ...toolsOf(new ModelDouble(view)), trans: foreign }} shown />).container;
}

/** What the user or the kernel has named, units, and what is typed. */
const NAMES = /^(DATA|[kMG]iB|ms|min|mars_nb|mars|nb|load|ext|tcp|host|GMT|AM|PM)$/;

function untranslated(root: HTMLElement): string[] {
  return wordsOf(root).filter(word => !NAMES.test(word));
}

test.each(['no-kernel', 'starting', 'not-loaded', 'dead', 'mismatch', 'other-language'] as const)('%s', blank => {
  expect(untranslated(show({ title: 'DATA', blank, detail: '1' }))).toEqual([]);
});

test('sessions, results, tasks, and the form', () => {
  const named = { label: 'DATA', place: 'DATA', cell: 'DATA' };
  const kept = result({ ...named, kind: 'DATA', names: ['DATA'], executed_at: 900, spilled: 50 });
  const ran = task({ ...named, number: 1, state: 'done', peak: 5 });
  const runs = task({ ...named, number: 2, operations: {} });
  const waits = task({ ...named, number: 3, state: 'waiting', operations: {} });
  const first = session({
    name: 'DATA',
    results: { '5': kept, '6': { ...kept, names: [] } },
    results_total: 2,
    tasks: { '1': { ...ran, operations: {} }, '2': runs, '3': waits }
  });
  const root = show({ title: 'DATA', state: stateOf(first, session({ name: 'DATA' })), waits: true });
  expect(untranslated(root)).toEqual([]);
  fireEvent.click(find(root, '[data-section=results] [data-key="5"] [data-main]'));
  fireEvent.click(find(root, '[data-do=new]'));
  expect(untranslated(root)).toEqual([]);
  fireEvent.click(root.querySelectorAll('input[type=radio]')[1]);
  expect(untranslated(root)).toEqual([]);
});

test('no session', () => {
  expect(untranslated(show({ title: 'DATA', state: stateOf() }))).toEqual([]);
});
