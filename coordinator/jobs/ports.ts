/** What the job service needs of planner, core, blocks and store, as narrow faces, so that tests can stand in for them. */
import type { BlockId, JobId } from '../../shared/ids.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { PhysicalPlan, Stage } from '../../shared/plan/physical.ts';
import type { Identity } from '../auth/identity.ts';
import type { Retained } from '../catalog/catalog.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import type { ResultPart } from '../core/results.ts';
import type { JobView, WorkerView } from '../core/views.ts';
import type { ModuleRecord } from '../modules/module-record.ts';
import type { HeldModules } from '../modules/modules.ts';
import type { JobRecord } from '../store/jobs.ts';

export interface PlanError {
  /** Stable; `planner-crash` is the coordinator's fault, all others the author's. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly position?: number;
  readonly hint?: string;
  /** Of a plan of several relations: which one is wrong. */
  readonly relation?: string;
}

export type PlanOutcome =
  | { readonly ok: true; readonly plan: PhysicalPlan; readonly planMs: number }
  | { readonly ok: false; readonly error: PlanError };

export interface PlannerPort {
  plan(request: {
    sql: string;
    relations?: AuthorPlan;
    modules?: readonly ModuleRecord[];
    datasets: readonly DatasetRecord[];
    nowMs: number;
    slots?: number;
    slotBytes?: number;
  }): Promise<PlanOutcome>;
  close(): Promise<void> | void;
}

/** The datasets that there are, and their chunks for as long as a job needs them. */
export interface DatasetKeeper {
  list(): readonly DatasetRecord[] | Promise<readonly DatasetRecord[]>;
  retain(datasets: PhysicalPlan['datasets']): Retained;
}

/** Guest modules that an author may use, and their bytes for as long as a job needs them. */
export interface ModuleKeeper {
  list(identity: Identity): readonly ModuleRecord[];
  hold(digests: readonly string[]): HeldModules;
}

export interface JobsCore {
  job(jobId: JobId): JobView | undefined;
  jobs(): readonly JobView[];
  workers(): readonly Pick<WorkerView, 'slots' | 'state' | 'memoryPerSlotBytes'>[];
  /** Part of a live job's result that may be read already. */
  resultPart(jobId: JobId, partition: number): ResultPart | undefined;
  /** The stages that made a cached relation. */
  keptStages(key: string): readonly Stage[] | undefined;
}

export interface ResultKeeper {
  /** Makes these blocks survive a restart; resolves once they do. */
  persist(blockIds: readonly BlockId[]): Promise<void>;
  discard(blockIds: readonly BlockId[]): Promise<void> | void;
}

export interface JobStorePort {
  get(jobId: string): Promise<JobRecord | undefined>;
  /** Resolves once it is written; until `end` the job is also among the accepted ones. */
  put(job: JobRecord): Promise<void>;
  end(jobId: JobId): Promise<void>;
  remove(jobId: string): Promise<boolean>;
}
