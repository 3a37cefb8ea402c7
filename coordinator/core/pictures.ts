/** Views of jobs, workers and blocks. Counters are computed from attempt records each time they are asked for. */
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId } from '../../shared/ids.ts';
import { accumulatorsOf } from './accumulators.ts';
import type { JobState } from './commands.ts';
import { joinedWorkers } from './local-worker.ts';
import { longRunOf } from './long-runs.ts';
import type { Block, Core, Job, StageState, Worker } from './state.ts';
import type { BlockView, JobCounters, JobView, StageView, WorkerView } from './views.ts';

/** What is computed of a job's tasks: a job that settled has let them go. */
export interface TaskPictures {
  readonly stages: readonly StageView[];
  readonly accumulators: Accumulators | undefined;
}

export function taskPictures(core: Core, job: Job): TaskPictures {
  return { stages: stagePictures(core, job), accumulators: accumulatorsOf(core, job) };
}

export function pictureOf(core: Core, job: Job, { stages, accumulators }: TaskPictures = taskPictures(core, job)): JobView {
  const waitingFor = job.state === 'live' ? waitingWords(core, job) : undefined;
  const longRun = job.state === 'live' ? longRunOf(core, job) : undefined;
  return {
    jobId: job.id,
    owner: job.owner,
    state: stateOf(core, job),
    submittedAtMs: job.submittedAtMs,
    ...(job.startedAtMs === undefined ? {} : { startedAtMs: job.startedAtMs }),
    ...(job.settledAtMs === undefined ? {} : { settledAtMs: job.settledAtMs }),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    ...(longRun === undefined ? {} : { longRun }),
    stages,
    counters: countersOf(job, stages),
    ...(accumulators === undefined ? {} : { accumulators }),
    ...(job.error ? { error: job.error } : {}),
  };
}

function stateOf(core: Core, job: Job): JobState {
  if (job.state !== 'live') return job.state;
  if (job.leases > 0 || job.uncollected.size > 0) return 'running';
  return job.startedAtMs !== undefined && core.liveSlots > 0 ? 'running' : 'waiting';
}

function waitingWords(core: Core, job: Job): string | undefined {
  if (job.leases > 0) return undefined;
  if (job.uncollected.size > 0) return 'the result is being copied to the coordinator';
  if (job.isHeld) return 'the coordinator restarted: it waits a moment for those who worked for this job';
  if (core.liveSlots > 0) return 'all slots are busy with other jobs';
  if (joinedWorkers(core) === 0) return 'no worker is connected: open the volunteer page in a browser, or run `muster worker`';
  if (core.fullStores.size > 0)
    return 'the stores of the tabs that work are full: their outputs are being copied to the coordinator';
  return 'every connected worker is paused, draining or leaving: resume one, or open another tab';
}

function stagePictures(core: Core, job: Job): StageView[] {
  const planned = new Set<BlockId>();
  const running = new Map<number, number>();
  const recomputes = new Map<number, number>();
  const local = new Map<number, number>();
  for (const record of job.records) {
    if (record.cause === 'planned') planned.add(record.blockId);
    if (record.cause === 'recompute') recomputes.set(record.stage, (recomputes.get(record.stage) ?? 0) + 1);
    if (record.local) local.set(record.stage, (local.get(record.stage) ?? 0) + 1);
    if (record.how === undefined) running.set(record.stage, (running.get(record.stage) ?? 0) + 1);
  }
  return job.stages.map((stage) => {
    const { index, state } = stage;
    const { title } = stage.plan;
    const alternative = stage.plan.alternatives?.[stage.alternative ?? -1]?.title;
    const sums = sumsOf(core, stage, planned);
    const onCoordinator = local.get(index) ?? 0;
    const counts = { running: running.get(index) ?? 0, recomputes: recomputes.get(index) ?? 0, onCoordinator };
    const taken = alternative === undefined ? {} : { alternative };
    return { index, title, ...taken, state, tasks: stage.tasks.length, done: stage.done, ...counts, ...sums };
  });
}

/** A place in a stage is reused when no attempt of this job first filled it; `planned` loses those that are found. */
function sumsOf(core: Core, stage: StageState, planned: Set<BlockId>): { reused: number; rows: number; bytes: number } {
  let reused = 0;
  let rows = 0;
  let bytes = 0;
  for (const task of stage.tasks) {
    if (task.known.includes(stage.job.id) && !planned.delete(task.blockId)) reused++;
    if (task.state !== 'done') continue;
    const block = core.blocks.get(task.blockId);
    rows += block?.rows ?? 0;
    bytes += block?.bytes ?? 0;
  }
  return { reused, rows, bytes };
}

function countersOf(job: Job, stages: readonly StageView[]): JobCounters {
  const ended: { [how: string]: number } = {};
  const sums = { bytesMoved: 0, bytesLoaded: 0, fetchMs: 0, loadMs: 0, computeMs: 0, packMs: 0 };
  let recomputes = 0;
  for (const { how, cause, costs } of job.records) {
    if (how !== undefined) ended[how] = (ended[how] ?? 0) + 1;
    if (cause === 'recompute') recomputes++;
    if (!costs) continue;
    sums.bytesMoved += costs.fetchedBytes;
    sums.bytesLoaded += costs.loadedBytes;
    sums.fetchMs += costs.fetchMs;
    sums.loadMs += costs.loadMs;
    sums.computeMs += costs.computeMs;
    sums.packMs += costs.packMs;
  }
  let tasksPlanned = 0;
  let tasksReused = 0;
  for (const stage of stages) {
    tasksPlanned += stage.tasks;
    tasksReused += stage.reused;
  }
  return { tasksPlanned, tasksReused, attempts: job.records.length, ended, recomputes, ...sums };
}

export function workerPicture(core: Core, worker: Worker): WorkerView {
  let busySlots = 0;
  for (const slot of worker.slots) if (slot.attempts.size > 0) busySlots++;
  let blockBytes = 0;
  for (const block of worker.store.blocks) blockBytes += block.bytes;
  const current = [...worker.attempts].map(({ slot, task, job, record }) => ({
    slot: slot.index,
    title: task.title,
    jobId: job.id,
    stage: record.stage,
  }));
  return {
    workerId: worker.workerId,
    sessionId: worker.sessionId,
    storeId: worker.store.id,
    state: workerState(worker),
    slots: worker.traits.slots,
    busySlots,
    memoryPerSlotBytes: worker.traits.memoryPerSlotBytes,
    visibility: worker.traits.visibility,
    share: worker.traits.share,
    tasksDone: worker.tasksDone,
    recomputedForOthers: worker.recomputed,
    rows: worker.rows,
    blocks: worker.store.blocks.size,
    blockBytes,
    silentMs: core.now - worker.lastHeardMs,
    current,
  };
}

function workerState(worker: Worker): WorkerView['state'] {
  if (worker.leaving) return 'leaving';
  if (worker.draining) return 'draining';
  if (worker.traits.paused) return 'paused';
  return worker.attempts.size > 0 ? 'working' : 'idle';
}

export function blockPicture(block: Block): BlockView {
  const { id: blockId, bytes, rows, onCoordinator } = block;
  return { blockId, bytes, rows, onCoordinator, stores: [...block.stores.keys()].map((store) => store.id) };
}
