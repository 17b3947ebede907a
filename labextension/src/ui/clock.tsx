import { createContext, JSX, ReactNode, useContext, useEffect, useState } from 'react';

import { Task } from '../protocol';
import { ago } from './format';
import { isOver } from './tasksOf';
import { useTools } from './tools';

const PERIOD_MS = 1000;
const ClockContext = createContext(0);

/** Gives its children the kernel's time, second by second, while they can be seen. */
export function Clock(props: { shown: boolean; children: ReactNode }): JSX.Element {
  const { model } = useTools();
  const [now, setNow] = useState(() => model.now());
  useEffect(() => {
    if (!props.shown) {
      return;
    }
    setNow(model.now());
    const timer = window.setInterval(() => setNow(model.now()), PERIOD_MS);
    return () => window.clearInterval(timer);
  }, [model, props.shown]);
  return <ClockContext.Provider value={now}>{props.children}</ClockContext.Provider>;
}

/** How long a task has been at it, or took: the kernel tells that at the end only. */
export function useElapsed(task: Task): number {
  const now = useContext(ClockContext);
  return isOver(task) ? task.elapsed : Math.max(task.elapsed, now - task.started_at);
}

/** How long ago something was. It alone is drawn again as time goes by. */
export function Age(props: { at: number }): JSX.Element {
  const { trans } = useTools();
  const now = useContext(ClockContext);
  const when = new Date(props.at * 1000);
  return (
    <time className="mars-nb-number" dateTime={when.toISOString()} title={when.toLocaleString()}>
      {ago(now - props.at, trans)}
    </time>
  );
}
