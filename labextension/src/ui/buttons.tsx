import { LabIcon } from '@jupyterlab/ui-components';
import { JSX, ReactNode } from 'react';

interface Props {
  /** Its request is under way: it cannot be pressed again, but keeps the focus. */
  busy?: boolean;
  disabled?: boolean;
  tabIndex?: number;
  onClick: () => void;
}

interface IconProps extends Props {
  icon: LabIcon;
  label: string;
  /** For tests: what it does. */
  does?: string;
}

/** A small button with an icon; what it does is its title. */
export function IconButton({ icon, label, does, busy = false, disabled, tabIndex, onClick }: IconProps): JSX.Element {
  return (
    <button
      type="button"
      className="mars-nb-IconButton"
      title={label}
      aria-label={label}
      aria-busy={busy}
      aria-disabled={busy}
      data-do={does}
      disabled={disabled}
      tabIndex={tabIndex}
      onClick={busy ? undefined : onClick}
    >
      {busy ? <Spinner /> : <icon.react tag="span" />}
    </button>
  );
}

interface TextProps extends Props {
  children: ReactNode;
  does?: string;
  kind?: 'accept' | 'reject';
  submit?: boolean;
}

/** A button with a text. */
export function TextButton(props: Omit<TextProps, 'onClick'> & { onClick?: () => void }): JSX.Element {
  const { children, does, kind = 'reject', submit, busy = false, disabled, tabIndex, onClick } = props;
  return (
    <button
      type={submit ? 'submit' : 'button'}
      className={`mars-nb-TextButton jp-mod-styled jp-mod-${kind}`}
      aria-busy={busy}
      aria-disabled={busy}
      data-do={does}
      disabled={disabled}
      tabIndex={tabIndex}
      onClick={busy ? undefined : onClick}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

function Spinner(): JSX.Element {
  return <span className="mars-nb-Spinner" aria-hidden="true" />;
}
