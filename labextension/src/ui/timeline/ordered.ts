import { Timeline } from '../../model/timeline';

const collator = new Intl.Collator(undefined, { numeric: true });

/** Put threads or workers into the order of their names, as they are counted: "thread 2" before "thread 10". */
export function ordered(timeline: Timeline): Timeline {
  const { workers, spans } = timeline;
  const order = workers.map((_, at) => at).sort((a, b) => collator.compare(workers[a], workers[b]));
  if (order.every((before, at) => before === at)) {
    return timeline;
  }
  const place = order.reduce<number[]>((places, before, at) => Object.assign(places, { [before]: at }), []);
  return {
    ...timeline,
    workers: order.map(at => workers[at]),
    spans: spans.map(span => ({ ...span, worker: place[span.worker] }))
  };
}
