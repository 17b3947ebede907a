// Puts values on the page. Texts are set as texts, never as HTML. Elements stay where they are and only their content
// changes, so that a button can be pressed while the numbers beside it move.

import { bytes, duration, lines, title } from '/static/model.js';

/** Make an element. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, attributes);
  element.append(...children);
  return element;
}

/** Set a text if it is another one. */
function write(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Set a bar. */
function fill(bar, value, max) {
  bar.max = max || 1;
  bar.value = Math.min(value, bar.max);
}

/** Have one child for each item, in their order: those that are there are drawn anew, new ones are made. */
export function each(parent, items, keyOf, create, draw) {
  const there = new Map([...parent.children].map(child => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const key = String(keyOf(item));
    let child = there.get(key);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = key;
    }
    there.delete(key);
    if (parent.children[index] !== child) {
      parent.insertBefore(child, parent.children[index] ?? null);
    }
    draw(child, item);
  });
  there.forEach(child => child.remove());
}

/** Make a button that is disabled while what it started is under way. */
function button(text, label, action) {
  const made = make('button', { type: 'button', textContent: text, ariaLabel: label });
  made.onclick = async () => {
    made.disabled = true;
    try {
      await action();
    } finally {
      made.disabled = false;
    }
  };
  return made;
}

/** Find a part of an element by the name it was made with. */
const part = (element, name) => element.querySelector(`:scope .${name}`);

function cell(name = '') {
  return make('td', { className: name });
}

function meter(name) {
  const holder = make('div', { className: 'meter' }, make('progress'), make('span', { className: 'text' }));
  return make('td', { className: name }, holder);
}

function makeOperation() {
  return make('tr', {}, cell('operation'), meter('bar'), cell('number counts'));
}

function drawOperation(row, { label, count, done, running, total }) {
  write(part(row, 'operation'), count > 1 ? `${label} × ${count}` : label);
  fill(part(row, 'bar').querySelector('progress'), done, total);
  write(part(row, 'counts'), `${done} / ${total}${running ? `, ${running} running` : ''}`);
}

function makeRun(run, actions) {
  const cancel = button('Cancel', `Cancel ${title(run)}`, () => actions.cancel(run.run));
  cancel.classList.add('cancel');
  return make(
    'div',
    { className: 'run' },
    make('div', { className: 'head' }, make('h4', { className: 'title' }), make('span', { className: 'state' }),
      make('span', { className: 'faint counts-all' }), make('span', { className: 'buttons' }, cancel)),
    make('p', { className: 'error' }),
    make('table', {}, make('tbody', { className: 'operations' })),
  );
}

function drawRun(element, run) {
  write(part(element, 'title'), title(run));
  const state = part(element, 'state');
  write(state, run.state);
  state.className = `state ${run.state}`;
  const operations = lines(run);
  const sum = name => operations.reduce((all, operation) => all + operation[name], 0);
  write(part(element, 'counts-all'), sum('total') ? `${sum('done')} of ${sum('total')} chunk tasks` : '');
  const error = part(element, 'error');
  write(error, run.text ?? '');
  error.hidden = !run.text;
  part(element, 'cancel').hidden = run.state !== 'running';
  each(part(element, 'operations'), operations, operation => operation.label, makeOperation, drawOperation);
}

function makeResult(result, actions) {
  const name = result.names.join(', ') || result.label || result.key;
  const release = button('Free', `Free the result ${name}`, () => actions.release(result.key));
  return make('tr', {}, cell('name'), cell('operation label'), cell('shape'), cell('number size'), make('td', { className: 'action' }, release));
}

function drawResult(row, result) {
  write(part(row, 'name'), result.names.join(', ') || '–');
  write(part(row, 'label'), result.label);
  write(part(row, 'shape'), (result.shape ?? []).map(size => size ?? '?').join(' × '));
  write(part(row, 'size'), bytes(result.nbytes));
}

/** Make a session's card. */
export function makeSession(session, actions) {
  const close = button('Close', `Close the session ${session.name}`, actions.close);
  close.classList.add('close');
  const extend = button('+ 1 h', `Keep the session ${session.name} for an hour longer`, actions.extend);
  const results = make('table', { className: 'results' }, make('thead', {}, make('tr', {},
    ...['Name', 'Result', 'Shape'].map(text => make('th', { textContent: text })),
    make('th', { className: 'number', textContent: 'Size' }), make('th'))), make('tbody', { className: 'rows' }));
  return make(
    'article',
    { className: 'session' },
    make('div', { className: 'head' }, make('h3', { className: 'name' }), make('span', { className: 'state' }),
      make('span', { className: 'faint facts' }), make('span', { className: 'buttons' }, extend, close)),
    make('div', { className: 'runs' }),
    make('div', { className: 'held' }, make('h4', { textContent: 'Results' }), results,
      make('span', { className: 'faint more' })),
  );
}

/** Draw a session's card. */
export function drawSession(card, session, model, actions) {
  write(part(card, 'name'), session.name);
  const state = card.querySelector(':scope > .head > .state');
  write(state, session.state);
  state.className = `state ${session.state}`;
  const age = Date.now() / 1000 - session.created;
  write(part(card, 'facts'), [
    session.notebook || 'no notebook',
    session.connected ? '' : 'no kernel is connected',
    age >= 0 ? `${duration(age)} old` : '',
    session.expires_in === null || session.expires_in === undefined ? '' : `ends in ${duration(session.expires_in)} if it is not used`,
    `${session.results} results, ${bytes(session.bytes)}`,
  ].filter(Boolean).join(' · '));
  each(part(card, 'runs'), model.shown, run => run.run, run => makeRun(run, actions), drawRun);
  const results = model.listed;
  const more = model.results.size - results.length;
  part(card, 'held').hidden = !results.length;
  write(part(card, 'more'), more ? `and ${more} more` : '');
  each(part(card, 'rows'), results, result => result.key, result => makeResult(result, actions), drawResult);
}

/** Draw the table of workers. */
export function drawWorkers(table, workers) {
  each(
    table,
    workers,
    worker => worker.address,
    () => make('tr', {}, cell('name'), cell('threads'), cell('busy'), meter('cpu'), meter('memory'), cell('spilled')),
    (row, worker) => {
      write(part(row, 'name'), String(worker.name));
      row.title = worker.address;
      write(part(row, 'threads'), String(worker.threads));
      write(part(row, 'busy'), String(worker.executing));
      fill(part(row, 'cpu').querySelector('progress'), worker.cpu, 100 * worker.threads);
      write(part(row, 'cpu').querySelector('.text'), `${Math.round(worker.cpu)} %`);
      fill(part(row, 'memory').querySelector('progress'), worker.memory, worker.memory_limit);
      write(part(row, 'memory').querySelector('.text'), `${bytes(worker.memory)} of ${bytes(worker.memory_limit)}`);
      write(part(row, 'spilled'), bytes(worker.spilled));
    },
  );
}
