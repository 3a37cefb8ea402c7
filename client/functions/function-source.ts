/** A JavaScript function as text that stands as an expression in a script. */

/** Any function that an author may pass. */
export type AuthorFunction = (...args: never[]) => unknown;

const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;
/** `add(a, b) {` of an object's method, with what may stand before it. */
const METHOD = /^(?:(\*)\s*)?(?!function\b)([A-Za-z_$][\w$]*)\s*\(/;

/**
 * The source of `fn`; `step` names who wants it, for messages.
 * @throws TypeError for what has no source that runs elsewhere
 */
export function functionSource(fn: unknown, step: string): string {
  if (typeof fn !== 'function') throw new TypeError(`${step} needs a function, not ${fn === null ? 'null' : typeof fn}.`);
  const text = Function.prototype.toString.call(fn).trim();
  if (NATIVE.test(text))
    throw new TypeError(
      `${step} needs a function written in JavaScript: ${fn.name === '' ? 'this one' : fn.name} is built in or bound, and its source cannot be had. ` +
        'Write (x) => ... around it.',
    );
  if (/^class\b/.test(text)) throw new TypeError(`${step} needs a function, not a class.`);
  if (isAsync(fn))
    throw new TypeError(`${step} needs a function that is not async: functions run in the tabs and wait for nothing.`);
  const method = METHOD.exec(text);
  if (method === null) return `(${text})`;
  return method[1] === undefined ? `(function ${text})` : `(function* ${text.slice(text.indexOf('*') + 1).trimStart()})`;
}

function isAsync(fn: object): boolean {
  return /^Async/.test(String(Object.getPrototypeOf(fn)?.constructor?.name));
}
