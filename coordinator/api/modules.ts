/** Guest modules: upload WASM or AssemblyScript source; list, look at, delete. */
import Type from 'typebox';
import { LIMITS } from '../../shared/limits.ts';
import type { ModuleRecord } from '../modules/module-record.ts';
import type { Added, Modules } from '../modules/modules.ts';
import { identityOf } from './access-plugin.ts';
import { ownerName } from './owner.ts';
import { plugin } from './plugin.ts';
import { forbidden, notFound } from './problem.ts';
import { DigestParams, ModuleBody, ModuleQuery, ModuleSource, responses } from './schemas.ts';
import type { Services } from './services.ts';

const WASM = 'application/wasm';

export const moduleRoutes = plugin<Services>(
  { name: 'muster-modules', dependencies: ['muster-access'], encapsulated: true },
  (app, { modules }) => {
    app.addContentTypeParser(WASM, { parseAs: 'buffer', bodyLimit: LIMITS.guestModuleBytes }, (_request, body, done) => {
      done(null, body);
    });

    app.post(
      '/v1/modules',
      {
        config: { access: 'author' },
        schema: {
          summary: 'Keep a guest module: its WASM, or AssemblyScript that is compiled here',
          querystring: ModuleQuery,
          body: {
            content: { 'application/json': { schema: ModuleSource }, [WASM]: { schema: Type.Unknown() } },
          },
          response: responses(201, ModuleBody),
        },
      },
      async (request, reply) => {
        const owner = ownerName(identityOf(request));
        const { record, created } = await added(modules, request.body, { owner, name: request.query.name });
        return reply
          .code(created ? 201 : 200)
          .header('location', `/v1/modules/${record.digest}`)
          .send(moduleBody(record));
      },
    );

    app.get(
      '/v1/modules',
      {
        config: { access: 'author' },
        schema: {
          summary: 'Your modules and the admin’s, newest first; to the admin all',
          response: responses(200, Type.Object({ modules: Type.Array(ModuleBody) })),
        },
      },
      async (request) => ({ modules: modules.list(identityOf(request)).map(moduleBody) }),
    );

    app.get(
      '/v1/modules/:digest',
      {
        config: { access: 'author' },
        schema: { summary: 'One module', params: DigestParams, response: responses(200, ModuleBody) },
      },
      async (request) => {
        const identity = identityOf(request);
        const record = modules.find(request.params.digest, identity, ownerName(identity));
        if (!record) throw notFound('module', request.params.digest, 'GET /v1/modules lists those that you may use.');
        return moduleBody(record);
      },
    );

    app.delete(
      '/v1/modules/:digest',
      {
        config: { access: 'author' },
        schema: { summary: 'Delete a module', params: DigestParams, response: responses(204, undefined) },
      },
      async (request, reply) => {
        const identity = identityOf(request);
        const { digest } = request.params;
        const record = modules.find(digest, identity, ownerName(identity));
        if (!record) throw notFound('module', digest, 'GET /v1/modules lists those that you may use.');
        if (record.owner !== ownerName(identity) && identity.role !== 'admin') {
          throw forbidden(`The module belongs to ${record.owner}; only its owner and the admin may delete it.`);
        }
        await modules.remove(digest, record.owner);
        return reply.code(204).send();
      },
    );
  },
);

function added(modules: Modules, body: unknown, by: { owner: string; name: string | undefined }): Promise<Added> {
  const named = (name: string | undefined) => ({ owner: by.owner, ...(name !== undefined && { name }) });
  if (body instanceof Uint8Array) return modules.add(body, named(by.name));
  const { source, name } = body as ModuleSource;
  return modules.compile(source, named(name ?? by.name));
}

function moduleBody({ digest, owner, name, abi, functions, bytes, language, createdAtMs }: ModuleRecord): ModuleBody {
  return {
    digest,
    owner,
    abi,
    functions: [...functions],
    bytes,
    createdAtMs,
    ...(name !== undefined && { name }),
    ...(language !== undefined && { language }),
  };
}
