/**
 * What a seed decides before anything happens. Each run switches many things off altogether: a fault that always strikes hides what only
 * shows without it (swarm testing: Groce and others, 2012).
 */
import { LIMITS } from '../../shared/limits.ts';
import type { CoreLimits } from '../core/constants.ts';
import { Chance } from './chance.ts';
import type { Weather } from './network.ts';
import { PLAN_COUNT } from './plans.ts';

/** How often each strikes, per minute of virtual time. */
export const FAULT_RATES = {
  disconnect: 6,
  halfOpen: 3,
  slow: 3,
  freeze: 4,
  kill: 4,
  reloadTab: 4,
  leave: 2,
  pause: 4,
  resize: 2,
  drain: 1,
  dismiss: 0.5,
  duplicateTab: 1,
  evict: 6,
  evictUntold: 4,
  corrupt: 3,
  quota: 3,
  unload: 3,
  crash: 1.5,
  reloadCore: 0.7,
  fullDisk: 1,
  loseCopy: 2,
  corruptCopy: 1,
  endLocal: 1,
  allGone: 0.5,
} as const;
/** What tabs say that is not so. Drawn apart, so that a seed's other choices stay what they are. */
export const LIE_RATES = { lie: 2, claim: 4, forge: 3 } as const;
export type FaultKind = keyof typeof FAULT_RATES | keyof typeof LIE_RATES;

/** When something goes wrong with the probability that stands here, times what the seed makes of it. */
export const MOMENTS = { leased: 0.02, reported: 0.03, serves: 0.05, joined: 0.03, collects: 0.05, settled: 0.05 } as const;
export type Moment = keyof typeof MOMENTS;

export interface SimOptions {
  readonly seed: number;
  readonly tabs: number;
  readonly profiles: number;
  readonly slotsMost: number;
  readonly jobs: number;
  readonly authors: number;
  readonly plans: readonly number[];
  readonly rowBytes: number;
  readonly taskMs: number;
  readonly writeMs: number;
  readonly keepMs: number;
  readonly flushMs: number;
  readonly capBytes: number;
  readonly weather: Weather;
  /** Length of the phase with faults. */
  readonly faultsMs: number;
  readonly faults: { readonly [K in FaultKind]?: number };
  readonly moments: { readonly [K in Moment]?: number };
  readonly limits: Partial<CoreLimits>;
  /** No failure of a task is for good, so every job that its author lets live must succeed. */
  readonly isPatient: boolean;
  readonly hasLocalWorker: boolean;
  /** Every so many events the core's invariants are checked. */
  readonly invariantsEvery: number;
  /** Messages are checked against the protocol's schemas. */
  readonly checksMessages: boolean;
  /** How often a job is one whose guests count. */
  readonly counting: number;
  /** Mean pause between what authors do. */
  readonly authorMs: number;
}

const MiB = 1024 * 1024;
const LIMITS_OF_COPIES = 20;
const PATIENT = { deathsPerTask: 100_000, failuresPerTask: 100_000, collectsPerBlock: 100_000, strayInputsPerTask: 100_000 };

export function optionsOf(seed: number): SimOptions {
  const chance = new Chance(seed, 'options');
  const tabs = chance.between(1, chance.hit(0.1) ? 16 : 6);
  const isPatient = chance.hit(0.8);
  const faultsMs = chance.pick([5_000, 15_000, 30_000, 60_000]);
  const faults = { ...faultsOf(chance), ...liesOf(new Chance(seed, 'lies')) };
  return {
    seed,
    tabs,
    profiles: chance.hit(0.4) ? chance.between(1, tabs) : tabs,
    slotsMost: chance.between(1, 4),
    jobs: chance.between(1, chance.hit(0.15) ? 24 : 8),
    authors: chance.between(1, 3),
    plans: chance.hit(0.5) ? [] : Array.from({ length: chance.between(1, 4) }, () => chance.below(PLAN_COUNT)),
    rowBytes: chance.pick([70, 20_000, MiB]),
    taskMs: chance.pick([2, 50, 300, 2_000]),
    writeMs: chance.pick([1, 50, 1_000]),
    keepMs: chance.pick([0, 5, 100]),
    flushMs: chance.pick([1, 20, 200]),
    capBytes: (chance.hit(0.9) ? 1024 : 10) * MiB,
    weather: weatherOf(chance),
    faultsMs,
    faults,
    moments: momentsOf(chance),
    limits: limitsOf(chance, isPatient, faults),
    isPatient,
    hasLocalWorker: chance.hit(0.5),
    invariantsEvery: chance.hit(0.08) ? 1 : chance.pick([32, 128, 512]),
    checksMessages: chance.hit(0.1),
    counting: new Chance(seed, 'counting').pick([0, 0, 0.2, 0.6]),
    authorMs: chance.pick([100, faultsMs / 50, faultsMs / 15]),
  };
}

function weatherOf(chance: Chance): Weather {
  const isParanoid = chance.hit(0.1);
  return {
    latencyMs: chance.pick([0, 1, 10, 100]),
    jitterMs: chance.pick([0, 1, 20, 300]),
    isFifo: !isParanoid,
    duplicates: isParanoid || chance.hit(0.1) ? 0.03 : 0,
  };
}

/** Each fault is on or off, and may be far more frequent than usual. */
function faultsOf(chance: Chance): SimOptions['faults'] {
  const wildness = chance.pick([0, 0.5, 1, 1, 3]);
  const share = chance.pick([0.2, 0.5, 0.8]);
  const faults: { [K in FaultKind]?: number } = {};
  for (const [kind, rate] of Object.entries(FAULT_RATES)) {
    if (chance.hit(share)) faults[kind as FaultKind] = rate * wildness * chance.pick([0.5, 1, 3]);
  }
  return faults;
}

function liesOf(chance: Chance): SimOptions['faults'] {
  const faults: { [K in FaultKind]?: number } = {};
  const isHonest = chance.hit(0.6);
  for (const [kind, rate] of Object.entries(LIE_RATES)) {
    if (!isHonest && chance.hit(0.5)) faults[kind as FaultKind] = rate * chance.pick([0.5, 1, 3]);
  }
  return faults;
}

function momentsOf(chance: Chance): SimOptions['moments'] {
  const wildness = chance.pick([0, 1, 1, 3]);
  const moments: { [K in Moment]?: number } = {};
  for (const [moment, probability] of Object.entries(MOMENTS)) {
    if (chance.hit(0.5)) moments[moment as Moment] = probability * wildness;
  }
  return moments;
}

/** Small bounds, so that they are met. */
function limitsOf(chance: Chance, isPatient: boolean, faults: SimOptions['faults']): Partial<CoreLimits> {
  return {
    leaseMs: chance.pick([8_000, 15_000, LIMITS.leaseMs]),
    maxRunMs: chance.pick([30_000, LIMITS.maxRunMs]),
    reusableBlocks: chance.pick([4, 12, 50_000]),
    ringLines: 64,
    storyLines: 64,
    endedAttempts: chance.pick([16, 8_192]),
    localTaskBytes: chance.pick([LIMITS.localTaskBytes, 64 * MiB]),
    ...(isPatient && PATIENT),
    // A copy for which there is no room is asked for again at once.
    ...((faults.fullDisk ?? 0) > 0 && { collectsPerBlock: LIMITS_OF_COPIES }),
  };
}
