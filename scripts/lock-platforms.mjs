/**
 * Completes package-lock.json with the optional native packages of every platform. npm leaves out of the lock file what its
 * registry did not offer when it was written, and `npm ci` then refuses the lock file. Run after any `npm install`:
 *   node scripts/lock-platforms.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PLATFORM = /(android|darwin|linux|win32)-(arm64|x64)(-musl)?$/;
const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const packages = { ...lock.packages };

for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const platform = PLATFORM.exec(name);
    if (!platform || packages[`node_modules/${name}`] || packages[`${parent}/node_modules/${name}`]) continue;
    const [, os, cpu, musl] = platform;
    packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev && { dev: true }),
      license: entry.license,
      optional: true,
      os: [os],
      cpu: [cpu],
      ...(musl && { libc: ['musl'] }),
    };
    console.error(`lock-platforms: added ${name} ${version}`);
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
