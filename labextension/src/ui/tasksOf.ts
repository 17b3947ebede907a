import { Session, State, Task } from '../protocol';

/** A task with the id of its session. */
export interface OwnedTask {
  session: string;
  task: Task;
}

/** Those that run, in the order in which they were started. */
export function runningTasks(session: Session): Task[] {
  return Object.values(session.tasks)
    .filter(task => task.state === 'running')
    .sort((a, b) => a.number - b.number);
}

/** How many tasks wait for others, and how many chunk tasks were not begun. */
export function queueOf(session: Session): { waiting: number; chunkTasks: number } {
  let waiting = 0;
  let chunkTasks = 0;
  for (const { state, total, done, running } of Object.values(session.tasks)) {
    if (state === 'waiting' || state === 'running') {
      waiting += Number(state === 'waiting');
      chunkTasks += total - done - running;
    }
  }
  return { waiting, chunkTasks };
}

export function isOver(task: Task): boolean {
  return rank(task) === 2;
}

function rank({ state }: Task): number {
  return state === 'running' ? 0 : state === 'waiting' ? 1 : 2;
}

/** Names a task among all. */
export function taskKey({ session, task }: OwnedTask): string {
  return `${session} ${task.number}`;
}

/** All tasks, or those of one session: those that run, those that wait, the others; in each the newest first. */
export function history(sessions: State['sessions'], only: string): OwnedTask[] {
  return Object.entries(sessions)
    .filter(([id]) => !only || id === only)
    .flatMap(([id, session]) => Object.values(session.tasks).map(task => ({ session: id, task })))
    .sort((a, b) => rank(a.task) - rank(b.task) || b.task.number - a.task.number);
}

/** Choose the task that is shown unless the user chooses one: a running one as long as it runs, then the next. */
export function shownByItself(before: string | undefined, tasks: readonly OwnedTask[]): string | undefined {
  const shown = tasks.find(each => taskKey(each) === before);
  const first = tasks.at(0);
  const next = shown && (shown.task.state === 'running' || first?.task.state !== 'running') ? shown : first;
  return next && taskKey(next);
}
