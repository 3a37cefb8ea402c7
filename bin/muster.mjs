#!/usr/bin/env node
// The `muster` command. Plain syntax that an old Node can parse: its first duty is to say that Node is too old.
import { existsSync } from 'node:fs';

const NEEDED = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `muster needs Node ${NEEDED.join('.')} or newer; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'Install a current Node from https://nodejs.org, or run `nvm install --lts` if you use nvm.\n',
  );
  process.exit(1);
}

// In a clone the sources lie beside us and may be newer than dist/; an installed package brings dist/ alone.
if (existsSync(new URL('../coordinator/main.ts', import.meta.url))) {
  try {
    const { buildStale } = await import('../scripts/build.mjs');
    await buildStale();
  } catch (error) {
    process.stderr.write(`muster: the build failed: ${error.message}\n`);
    if (error.code === 'ERR_MODULE_NOT_FOUND') process.stderr.write('Run `npm ci` first, with development dependencies.\n');
    process.exit(1);
  }
}

process.setSourceMapsEnabled(true);
const { main } = await import('../dist/node/main.js');
process.exitCode = await main(process.argv.slice(2));
