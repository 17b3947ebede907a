import { JSX, useId, useState } from 'react';

import { Span, Timeline } from '../../model/timeline';
import { Task } from '../../protocol';
import { useGoTo } from '../asking';
import { useElapsed } from '../clock';
import { duration } from '../format';
import { useNotices } from '../notices';
import { operationOf } from '../operations';
import { useTools } from '../tools';
import { TimelineCanvas } from './canvas';

interface Props {
  task: Task;
  timeline: Timeline;
}

/** What a task ran where and when. */
export function TaskTimeline({ task, timeline }: Props): JSX.Element {
  const { trans } = useTools();
  const { say } = useNotices();
  const goTo = useGoTo();
  const help = useId();
  const elapsed = useElapsed(task);
  const [pointed, setPointed] = useState<Span>();
  const { operations, workers, spans } = timeline;
  // It may have grown.
  const marked = pointed && spans.find(span => span.worker === pointed.worker && span.start === pointed.start);
  const operation = (at: number) => operationOf(task, operations[at]);

  const facts = ({ operation: at, worker, start, duration: length, tasks }: Span) =>
    trans.__(
      '%1 on %2: %3 from %4 on, %5',
      operation(at)?.label ?? operations[at],
      workers[worker],
      duration(length / 1000),
      duration(start / 1000),
      trans._n('%1 chunk task', '%1 chunk tasks', tasks)
    );
  const mark = (span: Span | undefined, byKey: boolean) => {
    setPointed(span);
    if (span && byKey) {
      say(facts(span));
    }
  };
  const press = (span: Span) => {
    const where = operation(span.operation);
    if (where?.cell) {
      goTo(where);
    }
  };
  const told = marked ? facts(marked) : trans.__('Wheel or + and - to zoom, drag to move, click to go to the cell');
  return (
    <div className="mars-nb-Timeline" data-spans={spans.length}>
      <div className="mars-nb-Timeline-scroll">
        <TimelineCanvas
          timeline={timeline}
          elapsed={task.state === 'running' ? elapsed * 1000 : 0}
          label={trans.__('Timeline of task %1', task.number)}
          help={help}
          orderOf={at => operation(at)?.order ?? at}
          marked={marked}
          mark={mark}
          press={press}
        />
      </div>
      <div className="mars-nb-Timeline-told mars-nb-faint" title={told}>
        {told}
      </div>
      <div id={help} className="mars-nb-hidden">
        {trans.__(
          'Arrow keys go from span to span, Enter goes to the cell, plus and minus zoom, Shift with arrow keys moves, 0 shows all. What ran where is in the table below, too.'
        )}
      </div>
    </div>
  );
}
