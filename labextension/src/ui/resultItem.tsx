import { deleteIcon } from '@jupyterlab/ui-components';
import { JSX, memo, useCallback, useId, useState } from 'react';

import { Lazy, Preview, Recorded, Result, Task } from '../protocol';
import { useGoTo, useRequest } from './asking';
import { ProgressBar } from './bars';
import { IconButton } from './buttons';
import { Age } from './clock';
import { percent, place, shape, size } from './format';
import { diskIcon, fetchIcon } from './icons';
import { failureOf, useNotices } from './notices';
import { PreviewBox } from './preview';
import { useReveal } from './reveal';
import { nameOf } from './rows';
import { useTools } from './tools';

interface Props {
  session: string;
  id: string;
  rowKey: string;
  result: Result;
  open: boolean;
  active: boolean;
  toggle: (key: string) => void;
  previews: Map<string, Preview>;
}

/** A result in two lines; opened, also who holds it and what it looks like. */
export const ResultItem = memo(function ResultItem(props: Props): JSX.Element {
  const { session, id, rowKey, result, open, active, toggle, previews } = props;
  const { trans } = useTools();
  const unique = useId();
  const name = nameOf(result);
  const where = place(result.nbytes, result.spilled, trans);
  const tabIndex = active ? 0 : -1;
  const [answered, setAnswered] = useState(false);
  const onAnswer = useCallback(() => setAnswered(true), []);
  const [element, toggled] = useReveal(open, answered);
  return (
    <div
      ref={element}
      className="mars-nb-Item"
      data-key={id}
      data-session={session}
      data-name={name}
      data-state={result.spilled ? 'disk' : 'memory'}
    >
      <button
        type="button"
        data-main
        className="mars-nb-Item-main"
        aria-expanded={open}
        aria-labelledby={`${unique}name`}
        aria-describedby={`${unique}size ${unique}facts`}
        tabIndex={tabIndex}
        onClick={() => {
          toggled();
          toggle(rowKey);
        }}
      >
        <span className="mars-nb-Row">
          <Name id={`${unique}name`} thing={result} />
          <span className="mars-nb-number" id={`${unique}size`}>
            {size(result.nbytes)}
          </span>
        </span>
        <span className="mars-nb-Row mars-nb-faint" id={`${unique}facts`}>
          <Form thing={result} />
          {result.spilled > 0 && (
            <span className="mars-nb-Disk" role="img" aria-label={where} title={where}>
              <diskIcon.react tag="span" />
            </span>
          )}
          <Age at={result.executed_at} />
        </span>
      </button>
      <ItemButtons session={session} id={id} result={result} tabIndex={tabIndex} />
      {open && (
        <div className="mars-nb-Details">
          <div>
            {result.names.length ? trans.__('Held by %1', result.names.join(', ')) : trans.__('No variable holds it')}
            {`; ${where}, ${trans._n('%1 chunk', '%1 chunks', result.chunks)}`}
          </div>
          <RecordedIn thing={result} label={result.label} />
          <PreviewBox
            session={session}
            id={id}
            name={name}
            at={result.executed_at}
            previews={previews}
            onAnswer={onAnswer}
          />
        </div>
      )}
    </div>
  );
});

interface ButtonProps {
  session: string;
  id: string;
  result: Result;
  tabIndex: number;
}

function ItemButtons({ session, id, result, tabIndex }: ButtonProps): JSX.Element {
  const { model, trans } = useTools();
  const { fail, say } = useNotices();
  const [busy, send] = useRequest();
  const name = nameOf(result);
  const insert = () => {
    try {
      model.insertFetch(session, result);
      say(trans.__('Code that fetches %1 is in the active cell.', name));
    } catch (error) {
      fail(failureOf(error));
    }
  };
  const free = () =>
    void send({ do: 'free', session, key: id }, ({ nbytes }) =>
      trans.__('Freed %1 of %2.', size(Number(nbytes)), name)
    );
  return (
    <div className="mars-nb-Buttons mars-nb-Item-buttons" data-busy={busy}>
      <IconButton
        icon={fetchIcon}
        label={trans.__('Insert code that fetches %1', name)}
        does="fetch"
        tabIndex={tabIndex}
        onClick={insert}
      />
      <IconButton
        icon={deleteIcon}
        label={trans.__('Free %1', name)}
        does="free"
        busy={busy}
        tabIndex={tabIndex}
        onClick={free}
      />
    </div>
  );
}

interface LazyProps {
  id: string;
  lazy: Lazy;
  running?: Task;
  active: boolean;
}

/** A variable without a result: not executed, or being computed. */
export const LazyItem = memo(function LazyItem({ id, lazy, running, active }: LazyProps): JSX.Element {
  const { trans } = useTools();
  const goTo = useGoTo();
  const unique = useId();
  return (
    <div className="mars-nb-Item" data-key={id} data-name={nameOf(lazy)} data-state={running?.state ?? 'lazy'}>
      <button
        type="button"
        data-main
        className="mars-nb-Item-main"
        title={lazy.place && trans.__('Recorded in %1', lazy.place)}
        aria-labelledby={`${unique}name`}
        aria-describedby={`${unique}state ${unique}facts`}
        tabIndex={active ? 0 : -1}
        onClick={() => goTo(lazy)}
      >
        <span className="mars-nb-Row">
          <Name id={`${unique}name`} thing={lazy} />
          <span className="mars-nb-faint mars-nb-number" id={`${unique}state`}>
            {state()}
          </span>
        </span>
        <span className="mars-nb-Row mars-nb-faint" id={`${unique}facts`}>
          <Form thing={lazy} />
          {!running && <span>{lazy.place}</span>}
          {running && <ProgressBar fraction={running.fraction} label={trans.__('Progress of %1', nameOf(lazy))} />}
        </span>
      </button>
    </div>
  );

  function state(): string {
    if (!running) {
      return trans.__('lazy');
    }
    return running.state === 'waiting' ? trans.__('waiting') : percent(running.fraction);
  }
});

function Name({ id, thing }: { id: string; thing: Result | Lazy }): JSX.Element {
  const name = nameOf(thing);
  return (
    <span
      id={id}
      className="mars-nb-Item-name mars-nb-cut mars-nb-grow"
      data-nameless={!thing.names.length}
      title={name}
    >
      {name}
    </span>
  );
}

function Form({ thing }: { thing: Result | Lazy }): JSX.Element {
  const form = [thing.kind, shape(thing.shape), thing.dtype].filter(Boolean).join(' ');
  return (
    <span className="mars-nb-cut mars-nb-grow mars-nb-number" title={form}>
      {form}
    </span>
  );
}

function RecordedIn({ thing, label }: { thing: Recorded; label: string }): JSX.Element | null {
  const { trans } = useTools();
  const goTo = useGoTo();
  if (!thing.place) {
    return <div>{label}</div>;
  }
  const text = trans.__('%1, recorded in %2', label, thing.place);
  return thing.cell ? (
    <button type="button" className="mars-nb-Link" data-do="goto" onClick={() => goTo(thing)}>
      {text}
    </button>
  ) : (
    <div>{text}</div>
  );
}
