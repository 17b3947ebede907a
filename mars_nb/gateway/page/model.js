// What is known of a session's runs and results: events go in, plain values come out. Nothing here touches the page.

/** Ended runs that are shown. */
const ENDED = 5;
/** Results that are shown. */
const RESULTS = 20;

/** The runs and results of one session. */
export class Model {
  runs = new Map();
  results = new Map();
  memory = null;

  /** Take an event; tell whether the list of sessions is to be asked for again. */
  take(event) {
    switch (event.event) {
      case 'snapshot':
        this.runs = new Map(event.runs.map(run => [run.run, { ...run }]));
        this.results = new Map(event.results.map(result => [result.key, result]));
        this.memory = event.memory ?? this.memory;
        return false;
      case 'begun':
      case 'progress':
        this.#run(event.run, { ...event, state: 'running' });
        return false;
      case 'done':
        this.#run(event.run, { ...event, results: undefined, state: 'done' });
        for (const result of event.results ?? []) {
          this.results.set(result.key, { names: [], label: '', shape: [], ...result });
        }
        return true;
      case 'failed':
        this.#run(event.run, { text: event.text, state: 'failed' });
        return true;
      case 'cancelled':
        this.#run(event.run, { state: 'cancelled' });
        return true;
      case 'names':
        for (const result of this.results.values()) {
          result.names = Object.keys(event.names).filter(name => event.names[name] === result.key);
        }
        return false;
      case 'released':
        event.keys.forEach(key => this.results.delete(key));
        return true;
      case 'cluster':
        this.memory = event.memory ?? this.memory;
        return false;
      case 'session':
      case 'closed':
        return true;
      default:
        return false;
    }
  }

  #run(number, changes) {
    const run = this.runs.get(number) ?? { run: number, operations: [] };
    const operations = changes.operations?.length ? changes.operations : run.operations;
    this.runs.set(number, { ...run, ...changes, operations });
    const ended = [...this.runs.values()].filter(each => each.state !== 'running');
    ended.slice(0, -ENDED).forEach(each => this.runs.delete(each.run));
  }

  /** The results that are worth a line: those with a name, then the largest. */
  get listed() {
    const weight = result => (result.names.length ? Infinity : result.nbytes);
    return [...this.results.values()].sort((a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a))).slice(0, RESULTS);
  }

  /** The runs, the last one first. */
  get shown() {
    return [...this.runs.values()].sort((a, b) => b.run - a.run).filter((run, i) => run.state === 'running' || i < ENDED);
  }
}

/** The operations of a run; those of one name, as calls of a function of the user's, are one line. */
export function lines(run) {
  const found = new Map();
  for (const [, label, done, running, total] of run.operations) {
    const line = found.get(label) ?? { label, count: 0, done: 0, running: 0, total: 0 };
    found.set(label, line);
    line.count += 1;
    line.done += done;
    line.running += running;
    line.total += total;
  }
  return [...found.values()];
}

/** What people call a run: clients that share a session count from a thousand million on, each from its own. */
export function title(run) {
  const client = Math.floor(run.run / 1e9);
  return `Task ${run.run % 1e9}${client > 1 ? ` of client ${client}` : ''}`;
}

/** A number of bytes, as people say it. */
export function bytes(number) {
  if (number === null || number === undefined) {
    return '';
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${number.toFixed(unit && number < 100 ? 1 : 0)} ${units[unit]}`;
}

/** A number of seconds, as people say it. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) {
    return '';
  }
  const steps = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const [size, unit] = steps.find(([each]) => seconds >= each) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}
