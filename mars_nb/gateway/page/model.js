// What is known of a session's runs and results: events go in, plain values come out. Nothing here touches the page.

/** Ended runs that are shown. */
const ENDED = 5;

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

  /** The runs, the last one first. */
  get shown() {
    return [...this.runs.values()].sort((a, b) => b.run - a.run).filter((run, i) => run.state === 'running' || i < ENDED);
  }
}

/** Counts of chunk tasks of a run. */
export function totals(run) {
  const sum = index => run.operations.reduce((all, operation) => all + operation[index], 0);
  return { done: sum(2), running: sum(3), total: sum(4) };
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
