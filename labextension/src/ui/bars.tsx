import { JSX } from 'react';

import { Session } from '../protocol';
import { percent, size } from './format';
import { useTools } from './tools';

/** How far something is, from 0 to 1. */
export function ProgressBar(props: { fraction: number; label: string; colour?: string; text?: string }): JSX.Element {
  const { fraction, label, colour, text } = props;
  return (
    <div
      className="mars-nb-Bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(fraction * 100)}
      aria-valuetext={text ?? percent(fraction)}
    >
      <div className="mars-nb-Bar-part" style={{ transform: `scaleX(${fraction})`, background: colour }} />
    </div>
  );
}

/** What a session has in memory and on disk, against what it may have in memory. */
export function MemoryBar({ session }: { session: Session }): JSX.Element {
  const { trans } = useTools();
  const { memory, spilled, limit } = session;
  const all = Math.max(limit, memory + spilled);
  const held = limit ? trans.__('%1 of %2', size(memory), size(limit)) : size(memory);
  const text = spilled ? trans.__('%1, %2 on disk', held, size(spilled)) : held;
  return (
    <div className="mars-nb-Memory" title={trans.__('Memory: %1', text)}>
      {limit > 0 && (
        <div
          className="mars-nb-Bar mars-nb-Memory-bar"
          role="meter"
          aria-label={trans.__('Memory of session %1', session.name)}
          aria-valuemin={0}
          aria-valuemax={limit}
          aria-valuenow={Math.min(memory, limit)}
          aria-valuetext={text}
        >
          <div className="mars-nb-Bar-part" style={{ transform: `scaleX(${memory / all})` }} />
          <div
            className="mars-nb-Bar-part mars-nb-mod-spilled"
            style={{ transform: `translateX(${(100 * memory) / all}%) scaleX(${spilled / all})` }}
          />
          {all > limit && <div className="mars-nb-Memory-limit" style={{ left: `${(100 * limit) / all}%` }} />}
        </div>
      )}
      <div className="mars-nb-faint mars-nb-number mars-nb-cut">{text}</div>
    </div>
  );
}
