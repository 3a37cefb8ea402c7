/**
 * The coordinator as a Fastify instance, ready for inject() or listen(). Rooms are put together here and nowhere else: the core
 * in its shell, sessions and relay, catalogue, planner, jobs, and the routes as plugins with declared dependencies.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Clock } from '../shared/clock.ts';
import { LIMITS } from '../shared/limits.ts';
import { registerApi } from './api/register.ts';
import type { CatalogPort, ResultsPort } from './api/services.ts';
import { joinUrl, lanAddresses } from './auth/join-link.ts';
import type { Tokens } from './auth/tokens.ts';
import type { CoordinatorBlocks } from './blocks/coordinator-blocks.ts';
import type { CreateFile } from './blocks/files.ts';
import type { Relay } from './blocks/relay.ts';
import type { Scheduler } from './core/scheduler.ts';
import type { PlannerPort } from './jobs/ports.ts';
import type { JobService } from './jobs/service.ts';
import type { LocalSlot } from './local/local-slot.ts';
import type { LocalWorker } from './local/local-worker.ts';
import type { Modules } from './modules/modules.ts';
import { buildRooms } from './rooms.ts';
import type { Breakpoints } from './sessions/breakpoints.ts';
import type { Sessions } from './sessions/sessions.ts';
import type { Shell } from './sessions/shell.ts';
import { installUnmask } from './sessions/unmask.ts';

export interface AppOptions {
  /** Holds everything that survives; made when absent. */
  readonly dataDir: string;
  /** The address that the caller will listen on; names beyond loopback are then allowed as Host. Default 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
  /** Beyond loopback: this machine's addresses are allowed as Host, and join tokens are made. */
  readonly lan?: boolean;
  readonly advertise?: readonly string[];
  readonly allowOrigins?: readonly string[];
  /** Replaces the admin token of the data directory. */
  readonly adminToken?: string;
  /** Least duration of a task, for showing; 0 is off. */
  readonly paceMs?: number;
  /** Authors' shares of the slots; absent: 1. */
  readonly authorWeights?: { readonly [author: string]: number };
  /** The built pages. */
  readonly pagesDir?: string;
  /** Scripts of the child processes and of the coordinator's own slot; default: beside this module's bundle. */
  readonly childEntries?: {
    readonly planner?: URL | string;
    readonly ingest?: URL | string;
    readonly slot?: URL | string;
    readonly compile?: URL | string;
  };
  /** false: last stages over a few rows go to tabs as well, never to the coordinator's own slot. Default true. */
  readonly localSlot?: boolean;
  readonly logger?: FastifyBaseLogger;
  /** For tests only; nothing on the network reaches these. */
  readonly breakpoints?: Breakpoints;
  readonly clock?: Clock;
  readonly limits?: Partial<AppLimits>;
  readonly parts?: AppParts;
}

/** Limits that tests lower. */
export interface AppLimits {
  readonly uploadBytes: number;
  readonly eventStreams: number;
  readonly jobsQueued: number;
  readonly jobsQueuedPerAuthor: number;
  readonly jobsKept: number;
  readonly datasetsMax: number;
  readonly modulesPerOwner: number;
  readonly moduleBytesPerOwner: number;
  readonly resultTtlMs: number;
  readonly transferIdleMs: number;
  /** Task outputs on the coordinator's disk: results, and what tabs had no room for. */
  readonly coordinatorDiskBytes: number;
  /** Relayed pieces in memory, and on disk for slow readers. */
  readonly relayMemoryBytes: number;
  readonly relayDiskBytes: number;
}

/** Stand-ins for whole rooms, for tests. */
export interface AppParts {
  readonly planner?: PlannerPort;
  readonly catalog?: CatalogPort;
  readonly results?: ResultsPort;
  readonly makeLocalSlot?: (clock: Clock) => LocalSlot;
  readonly createUpload?: (path: string) => Writable;
  /** How files of blocks are made. */
  readonly createFile?: CreateFile;
}

export interface AppHandles {
  readonly scheduler: Scheduler;
  readonly shell: Shell;
  readonly sessions: Sessions;
  readonly relay: Relay;
  readonly local: LocalWorker | undefined;
  readonly jobs: JobService;
  readonly blocks: CoordinatorBlocks;
  readonly tokens: Tokens;
  readonly catalog: CatalogPort;
  readonly modules: Modules;
  /** What happened at the start, in words for whoever started it. */
  readonly notes: readonly string[];
}

export type App = FastifyInstance & { readonly grid: AppHandles };

/** Longest time that a request's headers may take; bodies may take as long as they move. */
const HEADERS_MS = 20_000;
const UPLOADS = 'uploads';

/** Known only once the port is: dashboards ask when they open. */
function joinLinkOf(app: FastifyInstance, options: AppOptions, token: string | undefined): string | undefined {
  const address = app.server.address();
  const [name] = options.advertise?.length ? options.advertise : lanAddresses();
  if (token === undefined || name === undefined || address === null || typeof address === 'string') return undefined;
  return joinUrl(name, address.port, token);
}

/** @throws StoreError, BlockError or TypeError (a bad name in `advertise`) when the options or the data directory are of no use */
export async function buildApp(options: AppOptions): Promise<App> {
  const app = fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    bodyLimit: LIMITS.jsonBodyBytes,
    // Uploads of gigabytes take their time.
    requestTimeout: 0,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.server.headersTimeout = HEADERS_MS;
  const rooms = await buildRooms(options, (error, what) => app.log.error({ err: error }, what));
  try {
    installUnmask();
    const { default: websocket } = await import('@fastify/websocket');
    await app.register(websocket, {
      options: { perMessageDeflate: false, maxPayload: LIMITS.sessionBinaryFrameBytes },
      errorHandler: (error, socket) => {
        app.log.error({ err: error }, 'a socket failed');
        socket.terminate();
      },
    });
    await registerApi(app, {
      ...rooms,
      log: (error, what) => app.log.error({ err: error }, what),
      eventStreams: options.limits?.eventStreams ?? LIMITS.eventStreams,
      paceMs: options.paceMs ?? 0,
      joinLink: () => joinLinkOf(app, options, rooms.volunteerToken),
      datasetEvents: new Set(),
      pagesDir: options.pagesDir,
      upload: {
        dir: join(options.dataDir, UPLOADS),
        maxBytes: options.limits?.uploadBytes ?? LIMITS.uploadBytes,
        create: options.parts?.createUpload ?? ((path) => createWriteStream(path, { flags: 'wx', mode: 0o600 })),
      },
    });
    // Sockets first, or the server would wait for them.
    app.addHook('preClose', async () => rooms.disconnect());
    app.addHook('onClose', async () => rooms.close());
    const { core, ...handles } = rooms;
    app.decorate('grid', { ...handles, scheduler: core });
    await app.ready();
    return app as unknown as App;
  } catch (error) {
    rooms.disconnect();
    await rooms.close();
    throw error;
  }
}
