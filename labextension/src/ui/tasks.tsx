import { JSX, useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { Timeline } from '../model/timeline';
import { Followed, State } from '../protocol';
import { VirtualList } from './list';
import { useNotices } from './notices';
import { OnlyMark } from './results';
import { Section } from './section';
import { TaskItem } from './taskItem';
import { history, isOver, OwnedTask, shownByItself, taskKey } from './tasksOf';
import { useTools } from './tools';

const ITEM_PX = 40;

interface Props {
  sessions: State['sessions'];
  timeline?: Timeline;
  only: string;
  showAll: () => void;
}

/** What runs and what ran; one task at a time is open and shows its timeline. */
export function Tasks({ sessions, timeline, only, showAll }: Props): JSX.Element {
  const { trans } = useTools();
  const tasks = useMemo(() => history(sessions, only), [sessions, only]);
  const [opened, toggle] = useOpened(tasks);
  useAnnounced(tasks);

  const open = tasks.find(each => taskKey(each) === opened);
  const several = Object.keys(sessions).length > 1;
  const row = (each: OwnedTask, active: boolean) => {
    const key = taskKey(each);
    const mine = timeline?.session === each.session && timeline.task === each.task.number;
    return (
      <TaskItem
        session={each.session}
        sessionName={several ? sessions[each.session].name : undefined}
        rowKey={key}
        task={each.task}
        timeline={mine && key === opened ? timeline : undefined}
        open={key === opened}
        active={active}
        toggle={toggle}
      />
    );
  };
  return (
    <Section
      name="tasks"
      title={trans.__('Tasks')}
      count={String(tasks.length)}
      tools={only && <OnlyMark name={sessions[only].name} showAll={showAll} />}
    >
      {scroller =>
        tasks.length > 0 ? (
          <>
            {open && <Follow session={open.session} task={open.task.number} />}
            <VirtualList
              label={trans.__('Tasks')}
              items={tasks}
              keyOf={taskKey}
              height={() => ITEM_PX}
              scroller={scroller}
              row={row}
            />
          </>
        ) : (
          <p className="mars-nb-Empty">{trans.__('No tasks yet. Each execute() is one.')}</p>
        )
      }
    </Section>
  );
}

/** As long as this is in the page, what a task runs where and when is told: not while the section is folded. */
function Follow({ session, task }: Followed): null {
  const { model } = useTools();
  useEffect(() => model.follow({ session, task }), [model, session, task]);
  useEffect(() => () => model.follow(undefined), [model]);
  return null;
}

/** Gives which task is open, and a function that opens or closes one; until it is used the running task is open. */
function useOpened(tasks: readonly OwnedTask[]): [string | undefined, (key: string) => void] {
  const [choice, setChoice] = useState<{ key?: string; byUser: boolean }>({ byUser: false });
  const key = choice.byUser ? choice.key : shownByItself(choice.key, tasks);
  if (key !== choice.key) {
    setChoice({ key, byUser: false });
  }
  const toggle = useCallback((wanted: string) => {
    setChoice(before => ({ key: before.key === wanted ? undefined : wanted, byUser: true }));
  }, []);
  return [key, toggle];
}

/** Say how tasks end that were running before. */
function useAnnounced(tasks: readonly OwnedTask[]): void {
  const { trans } = useTools();
  const { say } = useNotices();
  const running = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    for (const each of tasks) {
      if (isOver(each.task) && running.current.has(taskKey(each))) {
        const { number, state } = each.task;
        const ends = {
          done: trans.__('Task %1 is done.', number),
          failed: trans.__('Task %1 has failed.', number),
          cancelled: trans.__('Task %1 is cancelled.', number)
        };
        if (state in ends) {
          say(ends[state as keyof typeof ends]);
        }
      }
    }
    running.current = new Set(tasks.filter(each => !isOver(each.task)).map(taskKey));
  }, [tasks, say, trans]);
}
