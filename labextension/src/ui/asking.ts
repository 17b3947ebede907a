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
  const { fail, clear, say } = useNotices();
  const [busy, setBusy] = useState(false);
  const send = useCallback(
    async (action: Action, done?: (value: Value) => string) => {
      setBusy(true);
      clear();
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
    [model, fail, clear, say]
  );
  return [busy, send];
}

/** Gives a function that goes to where something was recorded, or tells that it is not there. */
export function useGoTo(): (where: Recorded) => void {
  const { model, trans } = useTools();
  const { fail } = useNotices();
  return where => {
    if (!where.cell) {
      fail({ text: trans.__('It is not known in which cell this was recorded.'), hints: [] });
    } else if (!model.goTo(where)) {
      fail({ text: trans.__('The cell of %1 is not there any more.', where.place), hints: [] });
    }
  };
}
