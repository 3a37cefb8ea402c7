/**
 * The thread that has the database: whatever waits when it looks is one transaction (group commit), so that a burst costs one commit,
 * and the event loop none.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type Database from 'libsql';
import { openDatabaseFile } from './database.ts';
import { messageOf, StoreError, sqliteCode } from './errors.ts';
import type { Answer, FromThread, Step, StepResult, StoreRequest, ThreadError, ToThread } from './thread-protocol.ts';
import { endsCutShort } from './wal-tail.ts';

const STATEMENTS_KEPT = 100;
/** Requests of one transaction at most: those that came first need not wait for a flood behind them. */
const GROUP_MOST = 2_000;

class Thread {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #tell: (message: FromThread) => void;

  constructor(database: Database.Database, tell: (message: FromThread) => void) {
    this.#database = database;
    this.#tell = tell;
  }

  /** Together; where one of them fails, each for itself. */
  run(requests: readonly StoreRequest[]): void {
    const together = this.#inTransaction(() => requests.map(({ id, steps }) => ({ id, results: this.#steps(steps) })));
    const answers = 'done' in together ? together.done : requests.map((request) => this.#alone(request));
    this.#tell({ type: 'answers', answers });
  }

  copy(id: number, path: string): void {
    let answer: Answer = { id, results: [] };
    try {
      this.#database.prepare('VACUUM INTO ?').run(path);
    } catch (error) {
      answer = { id, error: threadError(error) };
    }
    this.#tell({ type: 'answers', answers: [answer] });
  }

  close(): void {
    // The log goes back into the file, so that a copy of the file alone is complete.
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#statements.clear();
    this.#database.close();
    this.#tell({ type: 'closed' });
  }

  #alone({ id, steps }: StoreRequest): Answer {
    const outcome = this.#inTransaction(() => this.#steps(steps));
    return 'done' in outcome ? { id, results: outcome.done } : { id, error: outcome.error };
  }

  #inTransaction<T>(work: () => T): { readonly done: T } | { readonly error: ThreadError } {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const done = work();
      this.#database.exec('COMMIT');
      return { done };
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      return { error: threadError(error) };
    }
  }

  #steps(steps: readonly Step[]): StepResult[] {
    return steps.map(({ sql, sets }) => {
      const statement = this.#statement(sql);
      let rows: readonly unknown[] = [];
      let changes = 0;
      for (const set of sets) {
        if (statement.reader) rows = statement.all(...set);
        else changes += statement.run(...set).changes;
      }
      return { rows, changes };
    });
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function threadError(error: unknown): ThreadError {
  const code = sqliteCode(error);
  return { message: messageOf(error), ...(code !== undefined && { code }) };
}

function main(): void {
  const port = parentPort;
  if (!port) throw new Error('this is no thread');
  const tell = (message: FromThread): void => port.postMessage(message);
  const { path } = workerData as { readonly path: string };
  let thread: Thread;
  try {
    const cutShort = endsCutShort(`${path}-wal`);
    thread = new Thread(openDatabaseFile(path), tell);
    tell({ type: 'opened', cutShort });
  } catch (error) {
    const { code, hint } = error instanceof StoreError ? error : { code: undefined, hint: '' };
    tell({ type: 'failed', code, message: messageOf(error), hint });
    return;
  }
  port.on('message', (first: ToThread) => {
    let requests: StoreRequest[] = [];
    const flush = (): void => {
      if (requests.length > 0) thread.run(requests);
      requests = [];
    };
    for (let message: ToThread | undefined = first; message; message = receiveMessageOnPort(port)?.message) {
      if (message.type === 'run') requests.push(...message.requests);
      else flush();
      if (message.type === 'copy') thread.copy(message.id, message.path);
      if (message.type === 'close') {
        thread.close();
        port.close();
        return;
      }
      if (requests.length >= GROUP_MOST) flush();
    }
    flush();
  });
}

main();
