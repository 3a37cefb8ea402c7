/**
 * Every test: the unit tests, then the browser tests one after the other. Prints `N passed, N failed` as its last line and
 * exits 1 when any failed. Installs Chromium from Debian's packages when it is missing and we are root.
 *   node scripts/test.mjs [vitest arguments]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECTS = ['unit', 'browser'];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** @returns the browser's path, or undefined when there is none and none could be installed. */
function findChromium() {
  const path = process.env.MUSTER_CHROMIUM || '/usr/bin/chromium';
  if (existsSync(path)) return path;
  if (process.env.MUSTER_CHROMIUM || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  console.error('test: installing Chromium with apt-get');
  const run = (...args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  run('update');
  run('install', '-y', '--no-install-recommends', 'chromium');
  return existsSync(path) ? path : undefined;
}

function runProject(project, folder, extra) {
  const report = join(folder, `${project}.json`);
  const args = [
    vitest,
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...extra,
  ];
  const { status } = spawnSync(process.execPath, [...args, '--passWithNoTests'], { cwd: root, stdio: 'inherit' });
  const counts = existsSync(report) ? countsOf(JSON.parse(readFileSync(report, 'utf8'))) : { passed: 0, failed: 1 };
  // A run that ends badly without a failed test (an error in a worker, a setup that threw) has failed all the same.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** A test file that does not even load counts as one failure. */
export function countsOf(report) {
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken };
}

function main(extra) {
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const total = { passed: 0, failed: 0 };
  try {
    for (const project of PROJECTS) {
      if (project === 'browser' && !findChromium()) {
        console.error('test: the browser tests need Chromium, and there is none. Install it (Debian: apt-get install chromium)');
        console.error('test: or name one with MUSTER_CHROMIUM=/path/to/chromium, and run `npm test` again.');
        total.failed++;
        continue;
      }
      const counts = runProject(project, folder, extra);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
