// Requests to the gateway, and event streams that come back by themselves. No token is known here: the cookie is the browser's.

let xsrf = '';

/** An error that the gateway told. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.error ?? `the gateway answered ${status}`);
    this.status = status;
  }
}

/** Ask for something; give the JSON of the answer. */
export async function ask(method, path, body) {
  const headers = method === 'GET' ? {} : { 'X-XSRF-Token': xsrf };
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refused(answer.status, value);
  }
  return value;
}

/** Tell who is logged in; what changes something can be asked for from then on. */
export async function who() {
  const state = await ask('GET', '/api/v1/login');
  xsrf = state.xsrf ?? '';
  return state;
}

/** Follow the events of a session until `close` is called or the session is gone. */
export class Stream {
  #socket = null;
  #closed = false;
  #wait = 500;
  #timer = 0;

  constructor(session, onEvent) {
    this.path = `/api/v1/sessions/${session}/events`;
    this.onEvent = onEvent;
    this.#open();
  }

  #open() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.#socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.#socket.onmessage = message => {
      this.#wait = 500;
      this.onEvent(JSON.parse(message.data));
    };
    this.#socket.onclose = event => {
      if (!this.#closed && event.code !== 1000 && event.code < 4000) {
        this.#timer = setTimeout(() => this.#open(), this.#wait); // a new snapshot tells all that was missed
        this.#wait = Math.min(2 * this.#wait, 10000);
      }
    };
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }
}
