import { closeIcon, editIcon } from '@jupyterlab/ui-components';
import { JSX, KeyboardEvent, memo, useState } from 'react';

import { Session } from '../protocol';
import { useRequest } from './asking';
import { MemoryBar } from './bars';
import { IconButton } from './buttons';
import { mayClose } from './closing';
import { size } from './format';
import { defaultIcon } from './icons';
import { CancelButton, Operations, TaskProgress, TaskTitle } from './taskProgress';
import { queueOf, runningTasks } from './tasksOf';
import { useTools } from './tools';

const TASKS = 3;
const OPERATIONS = 3;

interface Props {
  id: string;
  session: Session;
  isDefault: boolean;
  /** The other sections are about this session only. */
  chosen: boolean;
  /** Its buttons can be reached by the Tab key. */
  active: boolean;
  choose: (id: string) => void;
}

/** A session: what it is, holds and does, and what can be done with it. */
export const SessionCard = memo(function SessionCard(props: Props): JSX.Element {
  const { id, session, isDefault, chosen, active, choose } = props;
  const { trans } = useTools();
  const [renaming, setRenaming] = useState(false);
  const running = runningTasks(session);
  const tabIndex = active ? 0 : -1;
  return (
    <div
      className="mars-nb-Card"
      data-session={id}
      data-name={session.name}
      data-default={isDefault}
      data-state={running.length ? 'running' : 'idle'}
    >
      <div className="mars-nb-Row">
        {renaming ? (
          <NameField id={id} name={session.name} end={() => setRenaming(false)} />
        ) : (
          <>
            <button
              type="button"
              data-main
              className="mars-nb-Card-name mars-nb-cut"
              title={trans.__("%1: show this session's results and tasks only", session.name)}
              aria-pressed={chosen}
              tabIndex={tabIndex}
              onClick={() => choose(id)}
            >
              {session.name}
            </button>
            {isDefault && <span className="mars-nb-Badge">{trans.__('default')}</span>}
            <span className="mars-nb-grow" />
            <CardButtons {...props} tabIndex={tabIndex} rename={() => setRenaming(true)} />
          </>
        )}
      </div>
      <Where session={session} />
      <MemoryBar session={session} />
      {running.slice(0, TASKS).map(task => (
        <div key={task.number} className="mars-nb-Card-task" data-task={task.number} data-state={task.state}>
          <div className="mars-nb-Row">
            <TaskTitle task={task} />
            <CancelButton session={id} task={task} tabIndex={tabIndex} />
          </div>
          <TaskProgress task={task} />
          <Operations task={task} most={OPERATIONS} tabIndex={tabIndex} />
        </div>
      ))}
      <Queue session={session} more={Math.max(0, running.length - TASKS)} />
    </div>
  );
});

function Where({ session }: { session: Session }): JSX.Element {
  const { trans } = useTools();
  const facts = [
    session.address || trans.__('local'),
    trans._n('%1 thread', '%1 threads', session.threads),
    trans._n('%1 result', '%1 results', session.results_total),
    ...(session.results_total ? [size(session.nbytes)] : [])
  ];
  const text = facts.join(', ');
  return (
    <div className="mars-nb-faint mars-nb-number mars-nb-cut" title={text}>
      {text}
    </div>
  );
}

function Queue({ session, more }: { session: Session; more: number }): JSX.Element | null {
  const { trans } = useTools();
  const { waiting, chunkTasks } = queueOf(session);
  const facts = [
    ...(more ? [trans._n('%1 more task runs', '%1 more tasks run', more)] : []),
    ...(waiting ? [trans._n('%1 task waits', '%1 tasks wait', waiting)] : []),
    ...(chunkTasks ? [trans._n('%1 chunk task to begin', '%1 chunk tasks to begin', chunkTasks)] : [])
  ];
  return facts.length ? (
    <div className="mars-nb-faint mars-nb-number mars-nb-cut" data-queue>
      {facts.join(', ')}
    </div>
  ) : null;
}

function CardButtons(props: Props & { tabIndex: number; rename: () => void }): JSX.Element {
  const { id, session, isDefault, tabIndex, rename } = props;
  const { trans } = useTools();
  const [defaulting, sendDefault] = useRequest();
  const [closing, sendClose] = useRequest();
  const makeDefault = () =>
    void sendDefault({ do: 'default', session: id }, () => trans.__('%1 is the default session.', session.name));
  const close = async () => {
    if (await mayClose(session, trans)) {
      await sendClose({ do: 'close', session: id }, () => trans.__('Session %1 is closed.', session.name));
    }
  };
  return (
    <div className="mars-nb-Buttons">
      {!isDefault && (
        <IconButton
          icon={defaultIcon}
          label={trans.__('Make %1 the default session', session.name)}
          does="default"
          busy={defaulting}
          tabIndex={tabIndex}
          onClick={makeDefault}
        />
      )}
      <IconButton
        icon={editIcon}
        label={trans.__('Rename %1', session.name)}
        does="rename"
        tabIndex={tabIndex}
        onClick={rename}
      />
      <IconButton
        icon={closeIcon}
        label={trans.__('Close %1', session.name)}
        does="close"
        busy={closing}
        tabIndex={tabIndex}
        onClick={() => void close()}
      />
    </div>
  );
}

function NameField(props: { id: string; name: string; end: () => void }): JSX.Element {
  const { id, name, end } = props;
  const { trans } = useTools();
  const [text, setText] = useState(name);
  const [busy, send] = useRequest();
  const rename = async () => {
    const wanted = text.trim();
    if (!wanted || wanted === name) {
      end();
    } else if (
      await send({ do: 'rename', session: id, name: wanted }, () => trans.__('Renamed %1 to %2.', name, wanted))
    ) {
      end();
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Enter') {
      void rename();
    } else if (event.key === 'Escape') {
      end();
    }
  };
  return (
    <input
      className="mars-nb-Input mars-nb-grow"
      aria-label={trans.__('New name of %1', name)}
      value={text}
      readOnly={busy}
      autoFocus
      onFocus={event => event.target.select()}
      onChange={event => setText(event.target.value)}
      onKeyDown={onKeyDown}
      onBlur={() => !busy && end()}
    />
  );
}
