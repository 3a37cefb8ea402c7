/**
 * Builds what is stale into dist/: kernels, the Node code, the pages (compressed). Says what it does on stderr only.
 *   node scripts/build.mjs [--force] [--only PART]...     parts: kernels planner-child ingest-child compile-child slot-entry node client pages client-types
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clientPart, clientTypesPart } from './build/client.mjs';
import { kernelsPart } from './build/kernels.mjs';
import { withBuildLock } from './build/lock.mjs';
import { nodeParts } from './build/node.mjs';
import { pagesPart } from './build/pages.mjs';
import { isFresh, writeStamp } from './build/stamps.mjs';

/** Kernels first: the others embed them. */
const PARTS = [kernelsPart, ...nodeParts, clientPart, pagesPart];
/** With what only an installed package needs. */
const ALL_PARTS = [...PARTS, clientTypesPart];

const say = (line) => process.stderr.write(`build: ${line}\n`);

/**
 * Makes the parts that are stale. Returns their names. `keepGoing` logs a part's failure and goes on with the next.
 * @param {{root?: string, force?: boolean, only?: string[], without?: string[], keepGoing?: boolean,
 *   log?: (line: string) => void, parts?: object[]}} options
 */
export async function buildStale(options = {}) {
  const { root = dirname(dirname(fileURLToPath(import.meta.url))), force = false, log = say, parts = PARTS } = options;
  const { only, without = [], keepGoing = false } = options;
  const wanted = parts.filter((part) => (!only || only.includes(part.name)) && !without.includes(part.name));
  if (!force && wanted.every((part) => isFresh(root, part.name, part.inputs(root)))) return [];
  return withBuildLock(root, log, async () => {
    const made = [];
    for (const part of wanted) {
      // Asked again under the lock: whoever held it may have built this part.
      const inputs = part.inputs(root);
      if (!force && isFresh(root, part.name, inputs)) continue;
      const began = performance.now();
      try {
        writeStamp(root, part.name, inputs, await part.build(root, log));
      } catch (error) {
        if (!keepGoing) throw error;
        log(`${part.name} does not build: ${error.message}`);
        continue;
      }
      log(`${part.name} built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
      made.push(part.name);
    }
    return made;
  });
}

async function main(argv) {
  const only = [];
  let force = false;
  for (let i = 0; i < argv.length; i++) {
    const part = ALL_PARTS.find((candidate) => argv[i] === '--only' && candidate.name === argv[i + 1]);
    if (argv[i] === '--force') force = true;
    else if (part) {
      only.push(part.name);
      i++;
    } else {
      say(`cannot read ${argv.slice(i).join(' ')}; use [--force] [--only ${ALL_PARTS.map(({ name }) => name).join('|')}]`);
      return 2;
    }
  }
  const made = await buildStale({ force, parts: ALL_PARTS, ...(only.length > 0 ? { only } : {}) });
  if (made.length === 0) say('nothing is stale');
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error) => {
      say(error.message);
      process.exit(1);
    },
  );
}
