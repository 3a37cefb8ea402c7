/**
 * How fast workers are: milliseconds per byte of input, learned per worker and per visibility state (browsers throttle hidden
 * tabs). Per byte and not per task, since tasks of one worker differ in size by a factor of thousands.
 */
import type { AttemptCosts } from '../../shared/plan/task.ts';
import {
  LEARN_BYTES_HALF,
  LEARN_BYTES_MIN,
  LEARN_RATE,
  LOAD_MS_PER_BYTE_GUESS,
  RUN_MS_FLOOR,
  RUN_MS_PER_BYTE_GUESS,
} from './constants.ts';
import type { Speed } from './records.ts';
import type { Attempt, Core, Slot, Task, Worker } from './state.ts';

const GUESSES: Required<Speed> = { loadMsPerByte: LOAD_MS_PER_BYTE_GUESS, runMsPerByte: RUN_MS_PER_BYTE_GUESS };

/** What the worker showed in this state of visibility, else in another one, else a guess. */
function figureOf(worker: Worker, figure: keyof Speed): number {
  const here = worker.speeds.get(worker.traits.visibility)?.[figure];
  if (here !== undefined) return here;
  for (const speed of worker.speeds.values()) if (speed[figure] !== undefined) return speed[figure];
  return GUESSES[figure];
}

/** Fetching and loading that many bytes of chunks. */
export function loadMsOf(worker: Worker, bytes: number): number {
  return bytes * figureOf(worker, 'loadMsPerByte');
}

/** Running a task whose inputs are loaded. A task of nearly no input has its floor, and `--pace` is one too. */
export function runMs(core: Core, task: Task, worker: Worker): number {
  return runMsOf(core, worker, 1, task.inputBytes);
}

/** As `runMs`, if the worker has shown what it takes in this state of visibility. */
export function learnedRunMs(core: Core, task: Task, worker: Worker): number | undefined {
  return worker.speeds.get(worker.traits.visibility)?.runMsPerByte === undefined ? undefined : runMs(core, task, worker);
}

function runMsOf(core: Core, worker: Worker, tasks: number, bytes: number): number {
  return Math.max(core.paceMs * tasks, RUN_MS_FLOOR * tasks + bytes * figureOf(worker, 'runMsPerByte'));
}

/** How long a task that is queued at the slot now would wait, by what is known: all that it has, less what has passed of the first. */
export function waitMs(core: Core, slot: Slot): number {
  let ms = runMsOf(core, slot.worker, slot.backlog, slot.backlogBytes);
  for (const { task, headAtMs } of slot.attempts) {
    const gone = headAtMs === undefined ? 0 : core.now - headAtMs;
    ms += Math.max(0, runMs(core, task, slot.worker) - gone);
  }
  return ms;
}

export function learn(core: Core, { task, worker, visibility, leasedAtMs }: Attempt, costs: AttemptCosts): void {
  // A state that has changed on the way speaks for neither.
  if (visibility !== worker.traits.visibility) return;
  const speed = worker.speeds.get(visibility) ?? {};
  worker.speeds.set(visibility, speed);
  note(speed, worker, 'loadMsPerByte', costs.fetchMs + costs.loadMs, costs.loadedBytes);
  // With a pace the tab waits on purpose.
  if (core.paceMs > 0) return;
  // From the lease on: short attempts are never told to have started, and long ones some moments late.
  const ran = core.now - leasedAtMs - costs.queueMs - costs.fetchMs - costs.loadMs;
  note(speed, worker, 'runMsPerByte', ran - RUN_MS_FLOOR, task.inputBytes);
}

/** An attempt was not finished in all that time; what runs long runs on about as long as it has run already. */
export function learnFromUnfinished(core: Core, attempt: Attempt): void {
  const { task, worker, visibility, headAtMs } = attempt;
  if (visibility !== worker.traits.visibility || core.paceMs > 0 || headAtMs === undefined) return;
  const takesMs = 2 * (core.now - headAtMs - loadMsOf(worker, task.inputBytes));
  const speed = worker.speeds.get(visibility) ?? {};
  if (takesMs <= runMs(core, task, worker)) return;
  worker.speeds.set(visibility, speed);
  note(speed, worker, 'runMsPerByte', takesMs - RUN_MS_FLOOR, task.inputBytes);
}

/**
 * Figures are blended as logarithms, so that one sample that is a hundred times off changes them fourfold and not thirtyfold; and
 * small inputs count less, since what they take is mostly latency.
 */
function note(speed: Speed, worker: Worker, figure: keyof Speed, ms: number, bytes: number): void {
  if (bytes < LEARN_BYTES_MIN) return;
  const sample = Math.max(ms / bytes, GUESSES[figure] / 1000);
  const weight = (bytes / (bytes + LEARN_BYTES_HALF)) * (speed[figure] === undefined ? 1 : LEARN_RATE);
  speed[figure] = figureOf(worker, figure) ** (1 - weight) * sample ** weight;
}
