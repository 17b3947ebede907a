/* What is told at the top of the panel: errors with what to do, and, for screen readers only, what went well. */
import { copyIcon, closeIcon } from '@jupyterlab/ui-components';
import { Clipboard } from '@jupyterlab/apputils';
import { createContext, JSX, ReactNode, useContext, useMemo, useState } from 'react';

import { RequestFailed } from '../model/model';
import { Failure } from '../protocol';
import { IconButton } from './buttons';
import { useTools } from './tools';

interface Notices {
  /** Show an error until the user takes it away, or asks for something else. */
  fail: (failure: Failure) => void;
  /** Take away the error that is shown, and what was told. */
  clear: () => void;
  /** Tell screen readers politely. */
  say: (text: string) => void;
}

const NoticesContext = createContext<Notices | undefined>(undefined);

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) {
    throw new Error('outside of the panel');
  }
  return notices;
}

/** What an error says. */
export function failureOf(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return { text, hints: error instanceof RequestFailed ? [...error.hints] : [] };
}

/** Shows what is told above its children. */
export function NoticeBoard(props: { children: ReactNode }): JSX.Element {
  const [failure, setFailure] = useState<Failure>();
  const [said, setSaid] = useState('');
  const notices = useMemo<Notices>(
    () => ({
      fail: setFailure,
      clear: () => {
        setFailure(undefined);
        setSaid('');
      },
      say: setSaid
    }),
    []
  );
  return (
    <NoticesContext.Provider value={notices}>
      <div role="alert">{failure && <FailureBox failure={failure} dismiss={() => setFailure(undefined)} />}</div>
      <div role="status" className="mars-nb-hidden">
        {said}
      </div>
      {props.children}
    </NoticesContext.Provider>
  );
}

/** An error and what to do; code can be copied. */
export function FailureBox(props: { failure: Failure; dismiss?: () => void }): JSX.Element {
  const { trans } = useTools();
  const { failure, dismiss } = props;
  return (
    <div className="mars-nb-Failure">
      <div className="mars-nb-Failure-text">
        {failure.text}
        {failure.hints.map(hint => (
          <div key={hint} className="mars-nb-Failure-hint">
            <code>{hint}</code>
            <IconButton icon={copyIcon} label={trans.__('Copy')} onClick={() => Clipboard.copyToSystem(hint)} />
          </div>
        ))}
      </div>
      {dismiss && <IconButton icon={closeIcon} label={trans.__('Dismiss')} onClick={dismiss} />}
    </div>
  );
}
