import { Session, State } from '../protocol';
import { markedFraction, Marks, mean } from './marks';

/** How the default session stands, in a few words. */
export interface Standing {
  name: string;
  /** How far its running tasks are; missing if none runs. */
  percent?: number;
}

/** Tell how the default session stands: by what the kernel told, or by the marks of progress while it tells nothing. */
export function standingOf(name: string, state: State | undefined, marks: Marks): Standing | undefined {
  const session = state?.sessions[state.default];
  const fraction = state ? session && fractionOf(session) : markedFraction(marks, name);
  return name ? { name, percent: fraction === undefined ? undefined : Math.floor(100 * fraction) } : undefined;
}

/** How far the running tasks of a session are, from 0 to 1; undefined if none runs. */
export function fractionOf({ tasks }: Session): number | undefined {
  return mean(
    Object.values(tasks)
      .filter(task => task.state === 'running')
      .map(task => task.fraction)
  );
}
