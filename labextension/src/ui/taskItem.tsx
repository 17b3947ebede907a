import { JSX, memo, useId, useMemo } from 'react';

import { Timeline } from '../model/timeline';
import { Task } from '../protocol';
import { useGoTo } from './asking';
import { Age } from './clock';
import { size } from './format';
import { useReveal } from './reveal';
import { CancelButton, Operations, TaskProgress, TaskTitle } from './taskProgress';
import { isOver } from './tasksOf';
import { BusyTables } from './timeline/busyTables';
import { ordered } from './timeline/ordered';
import { TaskTimeline } from './timeline/timeline';
import { useTools } from './tools';

/** How many operations are shown at first. */
const OPERATIONS = 16;

interface Props {
  session: string;
  /** Name of the session; missing if there is no other. */
  sessionName?: string;
  rowKey: string;
  task: Task;
  /** What ran where and when, if it is open and that is known. */
  timeline?: Timeline;
  open: boolean;
  active: boolean;
  toggle: (key: string) => void;
}

/** A task in the history; opened, also its timeline and operations. */
export const TaskItem = memo(function TaskItem(props: Props): JSX.Element {
  const { session, sessionName, rowKey, task, timeline, open, active, toggle } = props;
  const { trans } = useTools();
  const unique = useId();
  const over = isOver(task);
  const shown = useMemo(() => (timeline?.spans.length ? ordered(timeline) : undefined), [timeline]);
  const [element, toggled] = useReveal(open, shown !== undefined);
  const tabIndex = active ? 0 : -1;
  return (
    <div
      ref={element}
      className="mars-nb-Item"
      data-task={task.number}
      data-session={session}
      data-state={task.state}
      data-over={over}
    >
      <button
        type="button"
        data-main
        className="mars-nb-Item-main"
        aria-expanded={open}
        aria-labelledby={`${unique}name`}
        aria-describedby={`${unique}facts`}
        tabIndex={tabIndex}
        onClick={() => {
          toggled();
          toggle(rowKey);
        }}
      >
        <span className="mars-nb-Row" id={`${unique}name`}>
          <span className="mars-nb-faint mars-nb-number">{task.number}</span>
          <TaskTitle task={task} />
        </span>
        <span className="mars-nb-Row mars-nb-faint mars-nb-number" id={`${unique}facts`}>
          <span className="mars-nb-State">{stateName()}</span>
          <span className="mars-nb-cut mars-nb-grow">{facts()}</span>
          {over && <Age at={task.started_at + task.elapsed} />}
        </span>
      </button>
      {!over && (
        <div className="mars-nb-Buttons mars-nb-Item-buttons mars-nb-mod-always">
          <CancelButton session={session} task={task} tabIndex={tabIndex} />
        </div>
      )}
      {open && (
        <div className="mars-nb-Details">
          {!over && <TaskProgress task={task} />}
          {task.error && <pre className="mars-nb-Error">{task.error}</pre>}
          <StartedIn task={task} />
          {shown && <TaskTimeline task={task} timeline={shown} />}
          <Operations task={task} most={OPERATIONS} unfolds />
          {shown && <BusyTables task={task} timeline={shown} />}
        </div>
      )}
    </div>
  );

  function stateName(): string {
    const names: Record<Task['state'], string> = {
      waiting: trans.__('waiting'),
      running: trans.__('running'),
      done: trans.__('done'),
      failed: trans.__('failed'),
      cancelled: trans.__('cancelled')
    };
    return names[task.state];
  }

  function facts(): string {
    const peak = task.peak ? [trans.__('peak %1', size(task.peak))] : [];
    return [...(sessionName === undefined ? [] : [sessionName]), ...peak].join(', ');
  }
});

function StartedIn({ task }: { task: Task }): JSX.Element | null {
  const { trans } = useTools();
  const goTo = useGoTo();
  if (!task.place) {
    return null;
  }
  const text = trans.__('Started in %1', task.place);
  return task.cell ? (
    <button type="button" className="mars-nb-Link" data-do="goto" onClick={() => goTo(task)}>
      {text}
    </button>
  ) : (
    <div>{text}</div>
  );
}
