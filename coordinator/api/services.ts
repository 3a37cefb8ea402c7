/** What the routes work with; app.ts fills it in. */

import type {} from '@fastify/websocket';
import type { JobId } from '../../shared/ids.ts';
import type { Guard } from '../auth/guard.ts';
import type { Identity } from '../auth/identity.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import type { Relay } from '../blocks/relay.ts';
import type { DatasetFormat, DatasetRecord } from '../catalog/types.ts';
import type { CacheView } from '../core/cache-view.ts';
import type { JobView, StoryLine, WorkerView } from '../core/views.ts';
import type { DatasetKeeper } from '../jobs/ports.ts';
import type { JobService } from '../jobs/service.ts';
import type { Modules } from '../modules/modules.ts';
import type { Results } from '../results/results.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Shell } from '../sessions/shell.ts';
import type { UploadOptions } from './uploads.ts';

export type NumberedStory = StoryLine & { readonly seq: number };

export interface CoreViews {
  job(jobId: JobId): JobView | undefined;
  jobs(): readonly JobView[];
  workers(): readonly WorkerView[];
  story(subject: string): readonly StoryLine[];
  cache(): CacheView;
  keptId(key: string, owner: string): string | undefined;
  storiesSince(seq: number): { readonly lines: readonly NumberedStory[]; readonly next: number };
}

export interface PendingDataset {
  readonly name: string;
  readonly owner: string;
  readonly rows: number;
}

export interface IngestRequest {
  readonly name: string;
  /** Absolute, on this machine. */
  readonly path: string;
  readonly format?: DatasetFormat;
  /** What people call the file, where `path` is a name of our own choosing. */
  readonly fileName?: string;
  readonly owner: string;
  readonly signal?: AbortSignal;
}

export interface CatalogPort {
  list(): readonly DatasetRecord[] | Promise<readonly DatasetRecord[]>;
  get(name: string): DatasetRecord | undefined | Promise<DatasetRecord | undefined>;
  pending(): readonly PendingDataset[];
  ingest(request: IngestRequest): Promise<{ readonly record: DatasetRecord; readonly created: boolean }>;
  remove(name: string): Promise<unknown>;
  /** Keeps the chunks of datasets until a job that reads them is over. */
  retain: DatasetKeeper['retain'];
}

export type ResultsPort = Pick<Results, 'open'>;

export interface Services {
  readonly guard: Guard;
  readonly shell: Shell;
  readonly core: CoreViews;
  readonly jobs: JobService;
  readonly sessions: Sessions;
  readonly relay: Relay;
  readonly blocks: CoordinatorBlocks;
  readonly catalog: CatalogPort;
  readonly modules: Modules;
  readonly results: ResultsPort;
  /** Uploads land here before they are ingested; same file system as the blocks. */
  readonly upload: UploadOptions;
  readonly eventStreams: number;
  readonly paceMs: number;
  /** A volunteer's link for other machines, with its token; undefined while only this machine can join. */
  readonly joinLink: () => string | undefined;
  /** Told the name of a dataset that came or went. */
  readonly datasetEvents: Set<(name: string) => void>;
  readonly log: (error: unknown, what: string) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access plugin on every route that is not open. */
    identity: Identity | undefined;
  }
  interface FastifyContextConfig {
    /** Least role that may call the route; `open`: anybody who reaches it; `socket`: decided by the hello. */
    access?: 'open' | 'volunteer' | 'author' | 'admin' | 'socket';
  }
}
