/** Fastify plugins by name, with the names they need before them: Fastify refuses to start when one is missing. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface PluginMeta {
  readonly name: string;
  readonly dependencies?: readonly string[];
  /** Keeps its hooks and parsers to its own routes. */
  readonly encapsulated?: boolean;
}

type Plugin<O> = (app: FastifyInstance, options: O) => Promise<void>;

export function plugin<O>(meta: PluginMeta, body: (app: Api, options: O) => void | Promise<void>): Plugin<O> {
  const made: Plugin<O> = async (app, options) => {
    await body(app.withTypeProvider<TypeBoxTypeProvider>() as Api, options);
  };
  // What the fastify-plugin package sets: its symbols are part of Fastify's documented interface.
  return Object.assign(made, {
    [Symbol.for('skip-override')]: meta.encapsulated !== true,
    [Symbol.for('fastify.display-name')]: meta.name,
    [Symbol.for('plugin-meta')]: { name: meta.name, fastify: '5.x', dependencies: [...(meta.dependencies ?? [])] },
  });
}
