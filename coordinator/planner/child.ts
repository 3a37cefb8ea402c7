/** Entry of the planner's child process: native DuckDB stays here, so that its crash ends one request and not the coordinator. */
import type { ChildAnswer, ChildRequest } from './child-protocol.ts';
import { PlanningDatabase, PoisonedEngine } from './duckdb.ts';
import { UnsupportedPlan } from './lossless-json.ts';
import { RefusedSql, type SqlError } from './sql-errors.ts';

const memoryLimitBytes = Number(process.argv[2] ?? 256 * 1024 * 1024);

function send(answer: ChildAnswer): void {
  process.send?.(answer);
}

function errorOf(thrown: unknown): { error: SqlError; poisoned: boolean } {
  if (thrown instanceof RefusedSql) return { error: thrown.error, poisoned: false };
  const detail = thrown instanceof Error ? (thrown.message.split('\n\nLINE ')[0] ?? '') : String(thrown);
  const poisoned = thrown instanceof PoisonedEngine || /internal error|fatal/i.test(detail);
  const unsupported = thrown instanceof UnsupportedPlan || poisoned;
  return {
    error: {
      code: unsupported ? 'sql-unsupported' : 'sql-binding',
      title: unsupported ? 'The planner cannot handle this query' : 'The query cannot be understood',
      detail,
    },
    poisoned,
  };
}

async function main(): Promise<void> {
  const database = await PlanningDatabase.open(memoryLimitBytes);
  let queue = Promise.resolve();
  process.on('message', (message) => {
    const request = message as ChildRequest;
    queue = queue.then(async () => {
      try {
        send({ id: request.id, kind: 'planned', planned: await database.plan(request) });
      } catch (thrown) {
        send({ id: request.id, kind: 'error', ...errorOf(thrown) });
      }
    });
  });
  process.on('disconnect', () => process.exit(0));
  send({ kind: 'ready' });
}

await main();
