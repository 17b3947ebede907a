/* How numbers, bytes and times are written: as mars_nb/text.py and mars_nb/notebook/drawing.py do. */
import { TranslationBundle } from '@jupyterlab/translation';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: readonly (readonly [number, string])[] = [
  [2 ** 50, 'PiB'],
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'kiB']
];

/** A number of bytes: "0 B", "1.50 GiB". */
export function size(nbytes: number): string {
  for (const [unit, name] of UNITS) {
    if (nbytes >= 0.9 * unit) {
      return `${(nbytes / unit).toFixed(2)} ${name}`;
    }
  }
  return `${Math.trunc(nbytes)} B`;
}

/** How long something takes: "12 ms", "5.0 s", "1 min 02 s", "1 h 02 min". */
export function duration(seconds: number): string {
  if (seconds < 0.0995) {
    return `${Math.round(Math.max(0, seconds) * 1000)} ms`;
  }
  return seconds < MINUTE - 0.05 ? `${seconds.toFixed(1)} s` : minutes(seconds);
}

/** How long a running task has been at it: whole seconds, so that it does not flicker. */
export function elapsed(seconds: number): string {
  return seconds < MINUTE ? `${Math.floor(seconds)} s` : minutes(Math.floor(seconds));
}

function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / HOUR);
  const rest = Math.floor((whole % HOUR) / MINUTE);
  return hours ? `${hours} h ${twoDigits(rest)} min` : `${rest} min ${twoDigits(whole % MINUTE)} s`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** How long ago something was: "just now", "3 min ago". */
export function ago(seconds: number, trans: TranslationBundle): string {
  if (seconds >= DAY) {
    return trans.__('%1 d ago', Math.floor(seconds / DAY));
  }
  if (seconds >= HOUR) {
    return trans.__('%1 h ago', Math.floor(seconds / HOUR));
  }
  if (seconds >= MINUTE) {
    return trans.__('%1 min ago', Math.floor(seconds / MINUTE));
  }
  return seconds >= 1 ? trans.__('%1 s ago', Math.floor(seconds)) : trans.__('just now');
}

/** How long the rest takes, as roughly as that is known: "about 12 s left". */
export function left(seconds: number, trans: TranslationBundle): string {
  if (seconds < 2 * MINUTE) {
    return trans.__('about %1 s left', rounded(seconds, seconds < 20 ? 1 : 5));
  }
  if (seconds < 2 * HOUR) {
    return trans.__('about %1 min left', rounded(seconds / MINUTE, seconds < 20 * MINUTE ? 1 : 5));
  }
  return trans.__('about %1 h left', Math.round(seconds / HOUR));
}

function rounded(number: number, unit: number): number {
  return Math.max(1, Math.round(number / unit)) * unit;
}

/** How much is done; 100% only when all is. */
export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)}%`;
}

/** "336776 × 19"; empty for what has no shape. */
export function shape(lengths: readonly (number | string)[]): string {
  return lengths.join(' × ');
}

/** Where a result is: "in memory", "on disk", "1.20 GiB on disk". */
export function place(nbytes: number, spilled: number, trans: TranslationBundle): string {
  if (!spilled) {
    return trans.__('in memory');
  }
  return spilled >= nbytes ? trans.__('on disk') : trans.__('%1 on disk', size(spilled));
}

/** A list with each of its words once: "step, step, sum" is "step ×2, sum". */
export function unrepeated(label: string): string {
  const counts = new Map<string, number>();
  for (const word of label.split(', ')) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => (count > 1 ? `${word} ×${count}` : word)).join(', ');
}
