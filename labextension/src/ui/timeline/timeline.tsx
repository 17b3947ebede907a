import { JSX, useId, useState } from 'react';

import { Span, Timeline } from '../../model/timeline';
import { Task } from '../../protocol';
import { useGoTo } from '../asking';
import { useElapsed } from '../clock';
import { duration } from '../format';
import { useNotices } from '../notices';
import { useTools } from '../tools';
import { busyBy } from './busy';
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
  const operation = (at: number) => task.operations[operations[at]] as Task['operations'][string] | undefined;
  const labelOf = (at: number) => operation(at)?.label ?? operations[at];

  const facts = ({ operation, worker, start, duration: length, tasks }: Span) =>
    trans.__(
      '%1 on %2: %3 from %4 on, %5',
      labelOf(operation),
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
  const told = pointed ? facts(pointed) : trans.__('Wheel or + and - to zoom, drag to move, click to go to the cell');
  return (
    <div className="mars-nb-Timeline" data-spans={spans.length}>
      <div className="mars-nb-Timeline-scroll">
        <TimelineCanvas
          timeline={timeline}
          elapsed={task.state === 'running' ? elapsed * 1000 : 0}
          label={trans.__('Timeline of task %1', task.number)}
          help={help}
          orderOf={at => operation(at)?.order ?? at}
          mark={mark}
          press={press}
        />
      </div>
      <div className="mars-nb-faint mars-nb-number mars-nb-cut" title={told}>
        {told}
      </div>
      <div id={help} className="mars-nb-hidden">
        {trans.__(
          'Arrow keys go from span to span, Enter goes to the cell, plus and minus zoom, Shift with arrow keys moves, 0 shows all. What ran where is in the table below, too.'
        )}
      </div>
      <BusyTables timeline={timeline} labelOf={labelOf} />
    </div>
  );
}

interface TablesProps {
  timeline: Timeline;
  labelOf: (operation: number) => string;
}

/** The same in numbers. */
function BusyTables({ timeline, labelOf }: TablesProps): JSX.Element {
  const { trans } = useTools();
  const [open, setOpen] = useState(false);
  return (
    <details className="mars-nb-Busy" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Busy times')}</summary>
      {open && (
        <>
          {table('operation', trans.__('Operation'), labelOf)}
          {table('worker', trans.__('Thread or worker'), at => timeline.workers[at])}
        </>
      )}
    </details>
  );

  function table(by: 'worker' | 'operation', title: string, nameOf: (at: number) => string): JSX.Element {
    return (
      <table>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col">{trans.__('Busy')}</th>
            <th scope="col">{trans.__('Chunk tasks')}</th>
          </tr>
        </thead>
        <tbody>
          {busyBy(timeline.spans, by).map(({ index, seconds, tasks }) => (
            <tr key={index}>
              <th scope="row" title={nameOf(index)}>
                {nameOf(index)}
              </th>
              <td>{duration(seconds)}</td>
              <td>{tasks}</td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
}
