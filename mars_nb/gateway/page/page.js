// The page: asks for sessions and workers from time to time, follows the events of each session, and draws.

import { ask, Refused, Stream, who } from '/static/client.js';
import { drawSession, drawWorkers, each, makeSession } from '/static/drawing.js';
import { bytes, Model } from '/static/model.js';

/** Milliseconds between two looks at sessions and workers. Progress comes by events. */
const PERIOD = 2000;

const find = id => document.getElementById(id);
const followed = new Map(); // session id -> {stream, model}
let sessions = [];
let workers = [];
let drawing = false;
let lost = false; // the gateway did not answer

/** Draw before the browser shows its next picture, once however much has changed. */
function redraw() {
  if (!drawing) {
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      draw();
    });
  }
}

function draw() {
  find('no-session').hidden = sessions.length > 0;
  each(
    find('sessions'),
    sessions,
    session => session.id,
    session => makeSession(session, actionsOf(session)),
    (card, session) => drawSession(card, session, followed.get(session.id).model, actionsOf(session)),
  );
  drawWorkers(find('workers'), workers);
  const threads = workers.reduce((all, worker) => all + worker.threads, 0);
  const memory = workers.reduce((all, worker) => all + worker.memory, 0);
  find('summary').textContent = workers.length ? `${workers.length} workers, ${threads} threads, ${bytes(memory)} in use` : '';
}

/** What the buttons of a session do. */
function actionsOf(session) {
  const path = `/api/v1/sessions/${session.id}`;
  return {
    close: () => confirm(`Close the session ${session.name} and free its results?`) && act('DELETE', path),
    extend: () => act('POST', `${path}/extend`, { seconds: 3600 }),
    cancel: run => act('DELETE', `${path}/runs/${run}`),
    release: key => act('DELETE', `${path}/results/${encodeURIComponent(key)}`),
  };
}

async function act(method, path, body) {
  try {
    await ask(method, path, body);
    await look();
  } catch (error) {
    complain(error);
  }
}

function complain(error) {
  if (error instanceof Refused && error.status === 401) {
    location.reload(); // the login is over: the form comes
    return;
  }
  lost ||= !(error instanceof Refused);
  find('problem').textContent = lost ? 'The gateway does not answer; trying again.' : error.message;
  find('problem').hidden = false;
}

/** Follow the sessions that are there, and those only. */
function follow() {
  const there = new Set(sessions.map(session => session.id));
  for (const [id, { stream }] of followed) {
    if (!there.has(id)) {
      stream.close();
      followed.delete(id);
    }
  }
  for (const id of there) {
    if (!followed.has(id)) {
      const model = new Model();
      const stream = new Stream(id, event => {
        if (model.take(event)) {
          look().catch(complain);
        }
        redraw();
      });
      followed.set(id, { stream, model });
    }
  }
}

let looking = null;

/** Ask for sessions and workers; once at a time. */
function look() {
  looking ??= Promise.all([ask('GET', '/api/v1/sessions'), ask('GET', '/api/v1/workers')])
    .then(([listed, told]) => {
      sessions = listed;
      workers = told.workers.sort((a, b) => String(a.name).localeCompare(String(b.name), 'en', { numeric: true }));
      follow();
      redraw();
    })
    .finally(() => {
      looking = null;
    });
  return looking;
}

async function lookAgain() {
  try {
    await look();
    find('problem').hidden ||= lost;
    lost = false;
  } catch (error) {
    complain(error);
  }
  setTimeout(lookAgain, document.hidden ? 5 * PERIOD : PERIOD);
}

const state = await who();
find('user').textContent = state.user;
find('dashboard').hidden = !state.dashboard;
find('logout').onclick = async () => {
  await ask('DELETE', '/api/v1/login');
  location.assign('/');
};
await lookAgain();
