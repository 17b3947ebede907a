/* How a task and its operations come along: in the cards of sessions, and in the history. */
import { stopIcon } from '@jupyterlab/ui-components';
import { JSX, memo, useState } from 'react';

import { Operation, Task } from '../protocol';
import { useGoTo, useRequest } from './asking';
import { ProgressBar } from './bars';
import { IconButton } from './buttons';
import { useElapsed } from './clock';
import { duration, elapsed, left, percent, unrepeated } from './format';
import { chosenOperations, ordered } from './operations';
import { isOver } from './tasksOf';
import { colourOf } from './timeline/palette';
import { useTools } from './tools';

interface CancelProps {
  session: string;
  task: Task;
  tabIndex?: number;
}

/** Cancels a task. */
export function CancelButton({ session, task, tabIndex }: CancelProps): JSX.Element {
  const { trans } = useTools();
  const [busy, send] = useRequest();
  const name = trans.__('task %1', task.number);
  const cancel = () => void send({ do: 'cancel', session, task: task.number }, () => trans.__('Cancelling %1.', name));
  return (
    <IconButton
      icon={stopIcon}
      label={trans.__('Cancel %1', name)}
      does="cancel"
      busy={busy}
      tabIndex={tabIndex}
      onClick={cancel}
    />
  );
}

/** A bar, and what is known of the rest. */
export function TaskProgress({ task }: { task: Task }): JSX.Element {
  const { trans } = useTools();
  const facts = [
    trans._n('%2 of %1 chunk task', '%2 of %1 chunk tasks', task.total, task.done),
    elapsed(useElapsed(task)),
    ...(task.remaining === undefined ? [] : [left(task.remaining, trans)])
  ];
  return (
    <>
      <ProgressBar fraction={task.fraction} label={trans.__('Progress of task %1', task.number)} />
      <div className="mars-nb-faint mars-nb-number mars-nb-cut">{facts.join(', ')}</div>
    </>
  );
}

interface OperationProps {
  task: Task;
  /** How many at first: those that run before others. */
  most: number;
  /** Whether the others can be shown, too. */
  unfolds?: boolean;
  tabIndex?: number;
}

/** How far each operation is; a click on one goes to where it was recorded. */
export function Operations({ task, most, unfolds, tabIndex }: OperationProps): JSX.Element {
  const { trans } = useTools();
  const [unfolded, setUnfolded] = useState(false);
  const all = ordered(task.operations);
  const shown = unfolded ? all : chosenOperations(all, most);
  const rest = all.length - shown.length;
  return (
    <>
      <ul className="mars-nb-Operations">
        {shown.map(({ key, operation }) => (
          <OperationRow key={key} operation={operation} tabIndex={tabIndex} />
        ))}
      </ul>
      {rest > 0 && !unfolds && (
        <div className="mars-nb-faint">{trans._n('and %1 more operation', 'and %1 more operations', rest)}</div>
      )}
      {unfolds && all.length > most && (
        <button type="button" className="mars-nb-Link mars-nb-faint" onClick={() => setUnfolded(!unfolded)}>
          {unfolded
            ? trans.__('Show fewer operations')
            : trans._n('Show %1 more operation', 'Show %1 more operations', rest)}
        </button>
      )}
    </>
  );
}

interface RowProps {
  operation: Operation;
  tabIndex?: number;
}

const OperationRow = memo(function OperationRow({ operation, tabIndex }: RowProps): JSX.Element {
  const { trans } = useTools();
  const goTo = useGoTo();
  const { label, done, total, place, cell } = operation;
  const colour = colourOf(operation.order);
  const count = `${done}/${total}`;
  return (
    <li className="mars-nb-Operation" data-running={operation.running > 0}>
      <span className="mars-nb-Swatch" style={{ background: colour }} />
      {cell ? (
        <button
          type="button"
          className="mars-nb-Link mars-nb-cut"
          title={trans.__('%1: go to %2', label, place)}
          tabIndex={tabIndex}
          onClick={() => goTo(operation)}
        >
          {label}
        </button>
      ) : (
        <span className="mars-nb-cut" title={place ? `${label}: ${place}` : label}>
          {label}
        </span>
      )}
      <ProgressBar fraction={total ? done / total : 0} label={label} colour={colour} text={count} />
      <span className="mars-nb-number mars-nb-count">{count}</span>
    </li>
  );
});

/** What a task computes, and how much of that is done, or how long it took. */
export function TaskTitle({ task }: { task: Task }): JSX.Element {
  const label = unrepeated(task.label);
  return (
    <>
      <span className="mars-nb-cut mars-nb-grow" title={task.place ? `${label}: ${task.place}` : label}>
        {label}
      </span>
      <span className="mars-nb-number">{isOver(task) ? duration(task.elapsed) : percent(task.fraction)}</span>
    </>
  );
}
