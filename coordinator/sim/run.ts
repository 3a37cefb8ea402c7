/**
 * One run of one seed: a phase in which everything may go wrong and nothing wrong may come of it, a phase without faults in which every
 * job must end, and at last nothing may be left.
 */
import { CORE_DEFAULTS } from '../core/constants.ts';
import { Chance } from './chance.ts';
import { readResult } from './checkers/answers.ts';
import { checkEmpty, checkTabsIdle, isIdle } from './checkers/bounds.ts';
import { must, Violation } from './checkers/violation.ts';
import { Faults } from './faults.ts';
import { optionsOf, type SimOptions } from './options.ts';
import type { Plant } from './plant.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly ok: boolean;
  /** The rule that was broken: a checker's, `invariant`, or `threw`. */
  readonly rule?: string;
  readonly message?: string;
  readonly story: readonly string[];
  readonly hash: string;
  readonly events: number;
  readonly jobs: number;
  readonly settled: { readonly [state: string]: number };
  readonly crashes: number;
  readonly virtualMs: number;
}

export interface RunOptions {
  /** Keeps the story; slow. */
  readonly isTold?: boolean;
  /** How many of its last lines are wanted. */
  readonly storyLines?: number;
  readonly plant?: Plant | undefined;
}

/** The second phase may take this much virtual time. */
const LIVENESS_MS = 30 * 60_000;
/** After the last job everybody gets so long to come to rest. */
const REST_MS = 40_000;
const ORPHAN_ROUNDS = 60;
/** Whatever the coordinator tries, these may come of what happens to it and to its tabs. */
const FAILS_ALLOWED: readonly string[] = ['job-deadline', 'indeterminate-lost', 'storage-full'];
const STEPS_MOST = 3_000_000;

export function runSeed(seed: number, { isTold = false, storyLines, plant }: RunOptions = {}): Outcome {
  const drawn = optionsOf(seed);
  const options: SimOptions = { ...drawn, ...plant?.options?.(drawn) };
  const world = new World(options, isTold, plant);
  let failure: { readonly rule: string; readonly message: string } | undefined;
  try {
    live(world);
  } catch (error) {
    failure = { rule: ruleOf(error), message: (error as Error).stack ?? String(error) };
  }
  const settled: { [state: string]: number } = {};
  for (const { settled: end } of world.authors.jobs.values())
    settled[end?.state ?? 'open'] = (settled[end?.state ?? 'open'] ?? 0) + 1;
  return {
    seed,
    ok: failure === undefined,
    ...failure,
    story: world.trace.story(storyLines),
    hash: world.trace.hash(),
    events: world.events,
    jobs: world.authors.jobs.size,
    settled,
    crashes: world.crashes,
    virtualMs: world.clock.nowMs(),
  };
}

function ruleOf(error: unknown): string {
  if (error instanceof Violation) return error.rule;
  return (error as Error).name === 'InvariantError' ? 'invariant' : 'threw';
}

function live(world: World): void {
  const { options, clock } = world;
  const chance = new Chance(options.seed, 'openings');
  for (let i = 0; i < options.tabs; i++) {
    const profile = world.profiles[i % world.profiles.length];
    const slots = chance.between(1, options.slotsMost);
    if (profile) clock.after(chance.around(options.faultsMs / 20), () => void world.open(profile, slots));
  }
  const faults = new Faults(world);
  faults.begin();
  beAuthors(world, chance);
  passTo(world, options.faultsMs);
  world.tell(() => '--- no more faults');
  faults.end();
  finish(world);
  rest(world);
}

function beAuthors(world: World, chance: Chance): void {
  const { clock, options, authors } = world;
  const act = (): void => {
    authors.act();
    if (clock.nowMs() < options.faultsMs) clock.after(chance.around(options.authorMs), act);
  };
  clock.after(chance.around(options.authorMs / 2), act);
}

function passTo(world: World, untilMs: number): void {
  let steps = 0;
  while (world.clock.step(untilMs)) {
    steps++;
    must(steps < STEPS_MOST, 'ends', () => `still busy after ${steps} steps at ${world.clock.nowMs()} ms`);
  }
}

/** A good tab is there: every job ends, and as it should. */
function finish(world: World): void {
  const { authors, clock, options } = world;
  if (authors.jobs.size === 0) authors.submit();
  const profile = world.profiles[0];
  if (profile) world.open(profile, 2);
  const untilMs = clock.nowMs() + LIVENESS_MS;
  while (isBusy(world) && clock.nowMs() < untilMs) passTo(world, clock.nowMs() + 1_000);
  const [stuck] = authors.unsettled();
  must(!isBusy(world), 'every-job-ends', () => {
    const view = stuck && world.coordinator?.core.scheduler.job(stuck.jobId);
    const stages = view?.stages.map(({ state, tasks, done, running }) => `${state} ${done}/${tasks}, ${running} running`);
    return `${stuck?.jobId} has not ended: ${view?.state} ${view?.waitingFor ?? ''} (${stages?.join('; ')})`;
  });
  for (const job of authors.jobs.values()) {
    const { state, error } = job.settled ?? {};
    if (state === 'cancelled') must(job.isCancelled, 'cancelled-by-author', () => `${job.jobId} was cancelled by nobody`);
    if (state !== 'failed' || !options.isPatient) continue;
    const code = error?.code ?? '';
    const isFull = code === 'result-not-collected' && (options.faults.fullDisk ?? 0) > 0;
    must(isFull || FAILS_ALLOWED.includes(code), 'no-job-fails', () => `${job.jobId} failed: ${JSON.stringify(error)}`);
  }
}

function isBusy({ authors, coordinator }: World): boolean {
  if (!coordinator || authors.unsettled().length > 0) return true;
  return coordinator.core.scheduler.jobs().some(({ state }) => state === 'waiting' || state === 'running');
}

function rest(world: World): void {
  const { authors, clock, options } = world;
  passTo(world, clock.nowMs() + REST_MS);
  // Orphans of a tab that was slow may take long, and nobody waits for them.
  for (let i = 0; i < ORPHAN_ROUNDS && !world.alive().every(isIdle); i++) passTo(world, clock.nowMs() + REST_MS);
  world.inspect();
  checkTabsIdle(world.alive());
  const { coordinator } = world;
  must(coordinator, 'ends', () => 'there is no coordinator');
  for (const job of authors.jobs.values()) {
    const result = coordinator.jobs.results.get(job.jobId);
    if (job.settled?.state !== 'successful' || job.isForgotten) continue;
    must(result, 'result-kept', () => `${job.jobId} was successful, and has no result`);
    readResult(job.jobId, result, coordinator.blocks, world.rotten);
    authors.forget(job);
  }
  for (const job of authors.jobs.values()) if (!job.isForgotten) authors.forget(job);
  // Of those that gave up too soon: the journal had their jobs all the same.
  for (const { jobId } of coordinator.core.scheduler.jobs()) coordinator.jobs.forget(jobId);
  for (const { id } of coordinator.core.scheduler.cache().relations) coordinator.tell({ type: 'relationReleased', pinId: id });
  for (const tab of world.alive()) tab.vanish(true);
  coordinator.endLocal();
  passTo(world, clock.nowMs() + REST_MS);
  world.inspect();
  checkEmpty(coordinator.core.scheduler, { ...CORE_DEFAULTS, ...options.limits });
}
