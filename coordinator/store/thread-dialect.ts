/** Lets kysely's queries run in the store's thread. Each is a transaction of its own: what belongs together goes to the thread at once. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { StoreThread } from './thread-client.ts';
import type { Step } from './thread-protocol.ts';

export function threadDialect(thread: StoreThread): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const [result] = await thread.run([{ sql, sets: [parameters] }]);
      return { rows: (result?.rows ?? []) as R[], numAffectedRows: BigInt(result?.changes ?? 0) };
    },
    streamQuery: () => {
      throw new Error('the store gives no streams');
    },
  };
  const driver: Driver = {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: () => Promise.reject(new Error('give the steps of a transaction to the thread at once')),
    commitTransaction: async () => undefined,
    rollbackTransaction: async () => undefined,
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  };
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** A query for the thread, to be put beside others. */
export function stepOf(query: { compile(): CompiledQuery }): Step {
  const { sql, parameters } = query.compile();
  return { sql, sets: [parameters] };
}
