import { useCallback, useState } from 'react';

import { Action, Recorded } from '../protocol';
import { failureOf, useNotices } from './notices';
import { useTools } from './tools';

type Value = Record<string, unknown>;

/** Gives whether a request is under way, and a function that makes one; it gives undefined, and tells, if that fails. */
export function useRequest(): [
  boolean,
  (action: Action, done?: (value: Value) => string) => Promise<Value | undefined>
] {
  const { model } = useTools();
  const { fail, say } = useNotices();
  const [busy, setBusy] = useState(false);
  const send = useCallback(
    async (action: Action, done?: (value: Value) => string) => {
      setBusy(true);
      try {
        const value = await model.request(action);
        if (done) {
          say(done(value));
        }
        return value;
      } catch (error) {
        fail(failureOf(error));
        return undefined;
      } finally {
        setBusy(false);
      }
    },
    [model, fail, say]
  );
  return [busy, send];
}

/** Gives a function that goes to where something was recorded, or says that it is not there. */
export function useGoTo(): (where: Recorded) => void {
  const { model, trans } = useTools();
  const { say } = useNotices();
  return where => {
    if (!model.goTo(where)) {
      say(trans.__('The cell of %1 is not there any more.', where.place));
    }
  };
}
