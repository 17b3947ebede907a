import { JSX, useState } from 'react';

import { Span, Timeline } from '../../model/timeline';
import { Task } from '../../protocol';
import { duration } from '../format';
import { operationOf } from '../operations';
import { useTools } from '../tools';
import { busyBy } from './busy';

interface Props {
  task: Task;
  timeline: Timeline;
}

/** A timeline in numbers. */
export function BusyTables({ task, timeline }: Props): JSX.Element {
  const { trans } = useTools();
  const [open, setOpen] = useState(false);
  const { operations, workers, spans } = timeline;
  return (
    <details className="mars-nb-Busy" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Busy times')}</summary>
      {open && (
        <>
          <BusyTable
            title={trans.__('Operation')}
            spans={spans}
            indexOf={span => operations.indexOf(operations[span.operation])}
            nameOf={index => operationOf(task, operations[index])?.label ?? operations[index]}
          />
          <BusyTable
            title={trans.__('Thread or worker')}
            spans={spans}
            indexOf={span => span.worker}
            nameOf={index => workers[index]}
          />
        </>
      )}
    </details>
  );
}

interface TableProps {
  title: string;
  spans: readonly Span[];
  indexOf: (span: Span) => number;
  nameOf: (index: number) => string;
}

function BusyTable({ title, spans, indexOf, nameOf }: TableProps): JSX.Element {
  const { trans } = useTools();
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
        {busyBy(spans, indexOf).map(({ index, seconds, tasks }) => (
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
