import { FormEvent, JSX, KeyboardEvent, useEffect, useId, useRef, useState } from 'react';

import { Failure, NewSession } from '../protocol';
import { TextButton } from './buttons';
import { failureOf, FailureBox, useNotices } from './notices';
import { useTools } from './tools';

/** What is typed into the form. */
interface Fields {
  place: 'local' | 'cluster';
  name: string;
  threads: string;
  memory: string;
  address: string;
  token: string;
  isDefault: boolean;
}

const EMPTY: Fields = {
  place: 'local',
  name: '',
  threads: '',
  memory: '',
  address: '',
  token: '',
  isDefault: true
};

/** What is asked of the kernel; what is empty is left to it. */
export function actionOf(fields: Fields): NewSession {
  const action: NewSession = { do: 'new', name: fields.name.trim(), default: fields.isDefault };
  const [threads, memory, address, token] = [fields.threads, fields.memory, fields.address, fields.token].map(text =>
    text.trim()
  );
  if (fields.place === 'local') {
    return { ...action, ...(threads && { threads: Number(threads) }), ...(memory && { memory_limit: memory }) };
  }
  return { ...action, address, ...(token && { token }) };
}

/** Opens a session on this machine or on a cluster; each time that it is asked for it takes the focus. */
export function NewSessionForm({ asked, end }: { asked: number; end: () => void }): JSX.Element {
  const { model, trans } = useTools();
  const { say } = useNotices();
  const [fields, setFields] = useState(EMPTY);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const group = useId();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[name=name]')?.focus(), [asked]);
  useEffect(() => {
    const section = form.current?.closest('section');
    return () => {
      // The focus was in the form: it goes to the button that opens it.
      if (document.activeElement === document.body) {
        section?.querySelector<HTMLElement>('.mars-nb-Section-header .mars-nb-IconButton')?.focus();
      }
    };
  }, []);
  const local = fields.place === 'local';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) {
      return;
    }
    setBusy(true);
    setFailure(undefined);
    try {
      await model.request(actionOf(fields));
      say(trans.__('The session is open.'));
      end();
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      end();
    }
  };
  const text = (name: 'name' | 'threads' | 'memory' | 'address' | 'token') => ({
    name,
    value: fields[name],
    onChange: (value: string) => setFields(before => ({ ...before, [name]: value }))
  });
  const place = (where: Fields['place']) => ({
    group,
    checked: fields.place === where,
    choose: () => setFields(before => ({ ...before, place: where }))
  });
  return (
    <form
      ref={form}
      className="mars-nb-Form"
      aria-label={trans.__('New session')}
      onSubmit={event => void submit(event)}
      onKeyDown={onKeyDown}
    >
      <fieldset>
        <div className="mars-nb-Form-places" role="radiogroup" aria-label={trans.__('Where')}>
          <Place {...place('local')} label={trans.__('This machine')} />
          <Place {...place('cluster')} label={trans.__('Cluster')} />
        </div>
        <Field label={trans.__('Name')} placeholder={trans.__('chosen for you')} {...text('name')} />
        {local ? (
          <>
            <Field
              label={trans.__('Threads')}
              type="number"
              placeholder={trans.__('one a core')}
              {...text('threads')}
            />
            <Field label={trans.__('Memory')} placeholder={trans.__('such as 4GiB')} {...text('memory')} />
          </>
        ) : (
          <>
            <Field label={trans.__('URL')} placeholder="tcp://host:8786" required {...text('address')} />
            <Field
              label={trans.__('Token')}
              type="password"
              placeholder={trans.__('if it asks for one')}
              {...text('token')}
            />
          </>
        )}
        <label className="mars-nb-Form-check">
          <input
            type="checkbox"
            checked={fields.isDefault}
            onChange={event => setFields({ ...fields, isDefault: event.target.checked })}
          />
          {trans.__('Make it the default session')}
        </label>
      </fieldset>
      <div role="alert">{failure && <FailureBox failure={failure} />}</div>
      <div className="mars-nb-Form-buttons">
        <TextButton does="dismiss" onClick={end}>
          {trans.__('Cancel')}
        </TextButton>
        <TextButton kind="accept" does="open" busy={busy} submit>
          {trans.__('Open session')}
        </TextButton>
      </div>
    </form>
  );
}

function Place(props: { group: string; label: string; checked: boolean; choose: () => void }): JSX.Element {
  return (
    <label>
      <input type="radio" name={props.group} checked={props.checked} onChange={props.choose} />
      {props.label}
    </label>
  );
}

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'number' | 'password';
  placeholder?: string;
  required?: boolean;
}

function Field({ label, name, value, onChange, type = 'text', placeholder, required }: FieldProps): JSX.Element {
  return (
    <label className="mars-nb-Form-field">
      <span>{label}</span>
      <input
        className="mars-nb-Input"
        name={name}
        type={type}
        min={type === 'number' ? 1 : undefined}
        value={value}
        placeholder={placeholder}
        required={required}
        autoComplete={type === 'password' ? 'new-password' : 'off'}
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
      />
    </label>
  );
}
