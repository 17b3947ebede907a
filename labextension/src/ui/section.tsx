import { caretDownIcon } from '@jupyterlab/ui-components';
import { JSX, ReactNode, useEffect, useId, useState } from 'react';

interface Props {
  /** For tests and styles. */
  name: string;
  title: string;
  /** Stands beside the title, such as how many there are. */
  count?: string;
  /** Buttons at the right of the title. */
  tools?: ReactNode;
  /** Stands above what scrolls. */
  top?: ReactNode;
  /** Unfolds it when it changes, but not to 0. */
  reveal?: number;
  /** Draws what scrolls, in an element that does. */
  children: (scroller: HTMLElement) => ReactNode;
}

/** A part of the panel that can be folded, with a heading like those of JupyterLab's panels. */
export function Section({ name, title, count, tools, top, reveal, children }: Props): JSX.Element {
  const [open, setOpen] = useState(true);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  useEffect(() => {
    if (reveal) {
      setOpen(true);
    }
  }, [reveal]);
  const id = useId();
  return (
    <section className="mars-nb-Section" data-section={name} data-open={open} aria-labelledby={`${id}title`}>
      <div className="mars-nb-Section-header">
        <h3>
          <button type="button" aria-expanded={open} aria-controls={`${id}body`} onClick={() => setOpen(!open)}>
            <caretDownIcon.react tag="span" className="mars-nb-Caret" />
            <span id={`${id}title`}>{title}</span>{' '}
            {count && <span className="mars-nb-Section-count mars-nb-number">{count}</span>}
          </button>
        </h3>
        {open && tools}
      </div>
      <div id={`${id}body`} className="mars-nb-Section-content" hidden={!open}>
        {open && top}
        <div ref={setScroller} className="mars-nb-Section-body">
          {open && scroller && children(scroller)}
        </div>
      </div>
    </section>
  );
}
