import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../client/index.ts';
import { runShell } from './shell.ts';
import { type FakeCoordinator, fakeCoordinator } from './testing/fake-coordinator.ts';
import { type RecordingTerminal, recordingTerminal } from './testing/recording-terminal.ts';

let folder: string;
let coordinator: FakeCoordinator;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-shell-'));
  coordinator = await fakeCoordinator();
});
afterEach(async () => {
  await coordinator.close();
  rmSync(folder, { recursive: true, force: true });
});

async function type(...lines: string[]): Promise<RecordingTerminal> {
  const terminal = recordingTerminal();
  const input = new PassThrough();
  const done = runShell(connect(coordinator.url), terminal, {
    input,
    output: new PassThrough(),
    historyPath: join(folder, 'history'),
    state: { format: 'table', timing: false, maxRows: 40 },
    greeting: 'hello',
  });
  input.end(lines.map((line) => `${line}\n`).join(''));
  await done;
  return terminal;
}

it('runs a statement over several lines, and several on one', async () => {
  await type('select 1,', '  2;', 'select 3; select 4;', '\\q');
  expect(coordinator.posted).toEqual(['select 1,\n  2', 'select 3', 'select 4']);
});

it('keeps statements in its history, one a line', async () => {
  await type('select 1,', '  2;');
  await type('select 3;');
  expect(readFileSync(join(folder, 'history'), 'utf8')).toBe('select 1, 2;\nselect 3;\n');
});

it('shows datasets and their columns', async () => {
  const terminal = await type('\\d', '\\d flights');
  expect(terminal.printed).toContain('3000000');
  expect(terminal.printed).toContain('TIMESTAMP');
  expect(terminal.notes.join('\n')).toContain('3,000,000 rows');
});

it('goes on after an unknown command, a missing dataset and a failed query', async () => {
  const terminal = await type('\\timng', '\\d nothing', '\\timing', 'select 5;');
  expect(terminal.notes.join('\n')).toContain('Did you mean \\timing?');
  expect(terminal.notes.join('\n')).toContain('Not found');
  expect(terminal.notes).toContain('Timing is on.');
  expect(coordinator.posted).toEqual(['select 5']);
});

it('runs nothing after \\q', async () => {
  await type('\\q', 'select 1;');
  expect(coordinator.posted).toEqual([]);
});
