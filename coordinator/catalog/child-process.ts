/** Runs one request in the ingest child, and ends the child whatever happens. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CatalogError } from './errors.ts';
import type { ChildRequest, FromChild, ToChild } from './ingest-protocol.ts';

const STDERR_KEPT = 2_000;

export interface ChildRun {
  /** Entry script of the child. */
  readonly entry: URL | string;
  readonly request: ChildRequest;
  /** What people know the work by, for messages. */
  readonly subject: string;
  readonly signal?: AbortSignal | undefined;
  /** Every message but the last; `answer` talks back to the child. A throw ends the child with that error. */
  readonly onMessage: (message: FromChild, answer: (message: ToChild) => void) => void;
}

type Final = Extract<FromChild, { type: 'ingested' | 'parquetWritten' }>;

/** @throws CatalogError */
export async function runInChild(run: ChildRun): Promise<Final> {
  if (run.signal?.aborted) throw cancelled(run.subject);
  const child = fork(typeof run.entry === 'string' ? run.entry : fileURLToPath(run.entry), [], {
    serialization: 'advanced',
    // Options of the coordinator's own process (a debugger's port, a loader) are not the child's.
    execArgv: [],
    env: { PATH: process.env.PATH ?? '', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  try {
    return await finalMessage(child, run);
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

function finalMessage(child: ChildProcess, run: ChildRun): Promise<Final> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    const onAbort = () => settle(() => reject(cancelled(run.subject)));
    const settle = (act: () => void) => {
      run.signal?.removeEventListener('abort', onAbort);
      act();
    };
    const answer = (message: ToChild) => {
      // A child that is gone says so by its exit.
      if (child.connected) child.send(message, () => undefined);
    };
    run.signal?.addEventListener('abort', onAbort);
    child.on('message', (raw) => {
      const message = raw as FromChild;
      try {
        if (message.type === 'failed') settle(() => reject(new CatalogError(message.failure)));
        else if (message.type === 'ingested' || message.type === 'parquetWritten') settle(() => resolve(message));
        else run.onMessage(message, answer);
      } catch (error) {
        settle(() => reject(error));
      }
    });
    child.on('error', (error) => settle(() => reject(crashed(run.subject, error.message))));
    child.on('close', (code, signal) => settle(() => reject(crashed(run.subject, endOf(code, signal, stderr)))));
    answer(run.request);
  });
}

function endOf(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const how = signal ? `it was ended by ${signal}` : `it ended with code ${code}`;
  const last = stderr.trim();
  return last === '' ? how : `${how}; its last words: ${last}`;
}

function cancelled(subject: string): CatalogError {
  return new CatalogError({ code: 'ingest-cancelled', message: `Reading ${subject} was cancelled.` });
}

function crashed(subject: string, how: string): CatalogError {
  return new CatalogError({
    code: 'ingest-crashed',
    message: `The process that worked on ${subject} crashed: ${how}.`,
    hint: 'Nothing was stored. Try again; if it happens again the file may be damaged, or too large for the memory there is.',
  });
}
