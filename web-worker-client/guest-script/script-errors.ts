/** What a script threw, as the error that its author gets. */

import { authorError, GuestError, MEMORY_HINT, resourceError } from '../../shared/guest/guest-error.ts';
import { nearNames } from '../../shared/near-names.ts';

/** What QuickJS gives for an Error; anything else that was thrown is itself. */
export type Thrown = { readonly name?: unknown; readonly message?: unknown; readonly stack?: unknown } | string | number | null;

const PLACE = /^\s*at (?:(.*?) \()?script\.js:(\d+)(?::(\d+))?\)?/m;
const MAX_CHARS = 4_000;

/** `in tokenise, line 3, column 7`, where the script's own code was. */
function placeOf(stack: string): string {
  const found = PLACE.exec(stack);
  if (found === null) return '';
  const [, name, line, column] = found;
  const within = name === undefined || name.startsWith('<') ? '' : ` in ${name}`;
  return `${within} at line ${line}${column === undefined ? '' : `, column ${column}`}`;
}

export function scriptError(thrown: Thrown, late: boolean): GuestError {
  const object = typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) };
  const name = typeof object.name === 'string' ? object.name : '';
  const message =
    typeof object.message === 'string' ? object.message.slice(0, MAX_CHARS) : JSON.stringify(object).slice(0, MAX_CHARS);
  const place = placeOf(typeof object.stack === 'string' ? object.stack : '');
  if (name === 'InternalError' && message === 'interrupted' && late) {
    const hint =
      'Give the job more time (deadlineMs), cut the data into more partitions, or write the function in a compiled language.';
    return new GuestError('deadline', 'guest-deadline', `The script did not end in time${place}.`, hint);
  }
  if (name === 'InternalError' && message === 'out of memory') {
    return resourceError('guest-memory', `The script ran out of memory${place}.`, MEMORY_HINT);
  }
  if (/stack overflow|call stack/i.test(message) && (name === 'InternalError' || name === 'RangeError')) {
    return resourceError('guest-stack', `The script's calls are nested too deeply${place}.`, 'Make the recursion a loop.');
  }
  return authorError('guest-script', `${name === '' ? 'The script threw' : name}: ${message}${place}`);
}

/** Columns that no row had, and fields that rows had instead. */
export interface Fields {
  readonly absent: readonly string[];
  readonly strange: readonly string[];
}

export function wrongFields({ absent, strange }: Fields): GuestError {
  const meant = strange.flatMap((field) =>
    nearNames(field, absent)
      .slice(0, 1)
      .map((column) => ({ field, column })),
  )[0];
  const list = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');
  const rows = `no row of the script's output has the column${absent.length > 1 ? 's' : ''} ${list(absent)}`;
  return authorError(
    'guest-output-type',
    `In this task ${rows}, but rows have fields that are no columns: ${list(strange)}.`,
    `${meant === undefined ? '' : `Did you mean "${meant.column}" instead of "${meant.field}"? `}Name fields as the job's schema names its columns; where a column is meant to be empty, give null.`,
  );
}
