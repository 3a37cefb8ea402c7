/** How much is held where: the sizes of all maps, sets and lists that can be reached from an object, private fields included. */
import { Session } from 'node:inspector';

interface Remote {
  readonly objectId?: string;
  readonly type: string;
  readonly subtype?: string;
  readonly className?: string;
  readonly description?: string;
}

interface Property {
  readonly name: string;
  readonly value?: Remote;
}

interface Properties {
  readonly result: readonly Property[];
  readonly privateProperties?: readonly Property[];
}

/** Of Node and of libraries: what these hold is not ours. */
const FOREIGN =
  /^(Socket|Server|WebSocket|WebSocketServer|Worker|MessagePort|ChildProcess|FileHandle|Promise|Buffer|ArrayBuffer|Uint8Array|Timeout|Session|LibsqlDialect|Kysely)$/;

/** Sizes by path, of what is `depth` steps away at most; what maps, sets and lists hold is not looked into. */
export function levelsOf(root: object, depth = 7): Map<string, number> {
  const session = new Session();
  session.connect();
  const post = (method: string, params: object): unknown => {
    let answer: unknown;
    // Of this very thread: answered before it returns.
    session.post(method, params, (error, result) => {
      if (error) throw new Error(error.message);
      answer = result;
    });
    return answer;
  };
  const levels = new Map<string, number>();
  const seen = new Set<object>();
  const holder = globalThis as { levelsRoot?: unknown; levelsSeen?: (found: object) => boolean };
  holder.levelsRoot = root;
  holder.levelsSeen = (found) => seen.has(found) || !seen.add(found);
  const open: [path: string, remote: Remote, left: number][] = [];
  const { result } = post('Runtime.evaluate', { expression: 'levelsRoot' }) as { result: Remote };
  open.push(['', result, depth]);
  for (let next = open.pop(); next; next = open.pop()) {
    const [path, { objectId, subtype, description = '' }, left] = next;
    const size = /^(?:Map|Set|Array)\((\d+)\)/.exec(description);
    if (size && (subtype === 'map' || subtype === 'set' || subtype === 'array')) {
      levels.set(path, Number(size[1]));
      continue;
    }
    if (left === 0) continue;
    const call = { objectId, functionDeclaration: 'function() { return levelsSeen(this); }', returnByValue: true };
    const isSeen = post('Runtime.callFunctionOn', call) as { result: { value: boolean } };
    if (isSeen.result.value) continue;
    const found = post('Runtime.getProperties', { objectId, ownProperties: true }) as Properties;
    for (const { name, value } of [...found.result, ...(found.privateProperties ?? [])]) {
      if (value?.type !== 'object' || value.objectId === undefined || FOREIGN.test(value.className ?? '')) continue;
      if (name !== '__proto__') open.push([`${path}.${name}`, value, left - 1]);
    }
  }
  session.post('Runtime.releaseObjectGroup', { objectGroup: '' });
  session.disconnect();
  delete holder.levelsRoot;
  delete holder.levelsSeen;
  return levels;
}
