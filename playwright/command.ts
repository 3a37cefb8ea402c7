/** The `muster` command as users start it, from what the suites' setup has built. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const MAIN = join(resolve(import.meta.dirname, '..'), 'dist', 'node', 'main.js');

export interface Command {
  /** Resolves once stderr has a match; rejects when the command ends without one. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  kill(): void;
}

export function muster(...args: readonly string[]): Command {
  const start = `import(${JSON.stringify(MAIN)}).then(async (m) => process.exit(await m.main(process.argv.slice(1))))`;
  const child = spawn(process.execPath, ['-e', start, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const listeners = new Set<() => void>();
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
  return {
    ended,
    kill: () => void child.kill('SIGKILL'),
    says: (pattern) =>
      new Promise((done, fail) => {
        const look = (): void => {
          const match = pattern.exec(stderr);
          if (!match) return;
          listeners.delete(look);
          done(match);
        };
        listeners.add(look);
        look();
        void ended.then(({ code }) => fail(new Error(`it ended with ${code} and never said ${pattern}: ${stderr}`)));
      }),
  };
}
