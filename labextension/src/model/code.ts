/* Code that is put into cells, and where in a cell it is put. */
import { Result, Session } from '../protocol';

export const LOAD = '%load_ext mars_nb';
const IMPORT = 'import mars_nb';

/** What to put into a cell. */
export interface Code {
  /** Lines that have to stand before, if they are nowhere yet. */
  before: string;
  expression: string;
}

/** The source of a cell, and where the cursor is in it. */
export interface Source {
  text: string;
  cursor: number;
}

/** Write code that fetches a result. */
export function fetchCode(session: Session, isDefault: boolean, key: string, result: Result): Code {
  const name = result.names.find(each => !/^_+$/.test(each));
  const held = `mars_nb.get_session(${literal(session.name)})`;
  if (name === undefined) {
    return { before: IMPORT, expression: `${held}.fetch(${held}.results[${literal(key)}])` };
  }
  if (!isDefault) {
    return { before: IMPORT, expression: `${held}.fetch(${name})` };
  }
  // Collections of Dask cannot fetch themselves.
  return result.label.startsWith('dask.')
    ? { before: IMPORT, expression: `mars_nb.fetch(${name})` }
    : { before: '', expression: `${name}.fetch()` };
}

/** Leave out what has to stand before, where one of the sources has it. */
export function withoutKnown(code: Code, sources: Iterable<string>): Code {
  for (const source of sources) {
    if (/^[ \t]*import mars_nb[ \t]*$/m.test(source)) {
      return { ...code, before: '' };
    }
  }
  return code;
}

/**
 * Put code into a source: where the cursor is if something there waits for a value, such as `x =`; else on lines of its
 * own below the cursor's.
 */
export function insertCode({ text, cursor }: Source, { before, expression }: Code): Source {
  const start = text.lastIndexOf('\n', cursor - 1) + 1;
  const found = text.indexOf('\n', cursor);
  const end = found < 0 ? text.length : found;
  const left = text.slice(start, cursor);
  const indent = /^[ \t]*/.exec(text.slice(start, end))?.[0] ?? '';
  const first = before && `${indent}${before}\n`;
  if (
    /[=([{,:+\-*/%@<>&|^~]\s*$|\b(?:return|in|and|or|not|await|yield|print)\s*$/.test(left) &&
    !text.slice(cursor, end).trim()
  ) {
    return join(text.slice(0, start) + first + left, expression, text.slice(cursor));
  }
  const blank = !text.slice(start, end).trim();
  return blank
    ? join(text.slice(0, start) + first + indent, expression, text.slice(end))
    : join(`${text.slice(0, end)}\n${first}${indent}`, expression, text.slice(end));
}

/** A part of a source, and what to put in its place. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** The smallest edit that makes one source of another. */
export function editOf(before: string, after: string): Edit {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start++;
  }
  let tail = 0;
  while (tail < shorter - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) {
    tail++;
  }
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

function join(left: string, middle: string, right: string): Source {
  return { text: left + middle + right, cursor: left.length + middle.length };
}

/** Write a text as a literal of Python. */
function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;
}
