/**
 * Cached relations: blocks that stay when their job is over, with all that is needed to make lost ones again. A pin is a promise of
 * effort, not of presence: it yields to want of room, and lineage brings back what the next job needs.
 */

import type { CachedRelation, Stage } from '../../shared/plan/physical.ts';
import type { CoreEventOf } from './events.ts';
import { dropBlock, isPinned, takeBack } from './inventory.ts';
import { savedPin } from './journal.ts';
import type { Pin } from './keeping.ts';
import { countLoaded } from './kept-inputs.ts';
import { cutsOf } from './kept-stages.ts';
import type { Block, Core, Job, StageState } from './state.ts';
import { note } from './stories.ts';

/** Of whichever author: whoever can name the relation may read all that it is made from. */
export function keptStages(core: Core, key: string): readonly Stage[] | undefined {
  return [...core.keeping.pins.values()].find((pin) => pin.key === key)?.stages;
}

/** The id under which the relation is kept for this author. */
export function keptId(core: Core, key: string, owner: string): string | undefined {
  return [...core.keeping.pins.values()].find((pin) => pin.key === key && pin.owner === owner)?.id;
}

/** The stage is done: what its author wants kept of it is kept from now on. */
export function keepRelations(core: Core, stage: StageState): void {
  for (const relation of stage.job.plan.cached ?? []) if (relation.stage === stage.index) keep(core, stage, relation);
}

function keep(core: Core, stage: StageState, { name, level, key }: CachedRelation): void {
  const { job } = stage;
  if (stage.tasks.some((task) => task.salted)) {
    const why = job.options.reuse ? 'its rows differ each time that it is made' : 'the job has `reuse` off';
    note(core, job.id, 'relationNotKept', `${name}: ${why}`, [], { stage: stage.index });
    return;
  }
  const blocks = stage.tasks.map((task) => core.blocks.get(task.blockId)).filter((block) => block !== undefined);
  const known = [...core.keeping.pins.values()].find((pin) => pin.owner === job.owner && pin.key === key);
  const before = known && savedAs(known);
  const pin = known ?? newPin(core, job, key);
  for (const block of new Set(blocks)) take(core, block);
  countLoaded(core, pin, -1);
  for (const block of new Set(pin.blocks)) release(core, block);
  Object.assign(pin, { name, level, jobId: job.id, blocks, stages: lineageOf(core, stage) });
  countLoaded(core, pin, 1);
  core.keeping.pins.delete(pin.id);
  core.keeping.pins.set(pin.id, pin);
  core.keeping.isThin = true;
  core.keeping.noRoom = false;
  if (core.journal && savedAs(pin) !== before) core.journal.push({ type: 'relationKept', pin: savedPin(pin) });
  const detail = { stage: stage.index, blocks: blocks.length, level };
  note(core, job.id, known ? 'relationReused' : 'relationKept', name, [], detail);
  keepWithinCaps(core, pin);
}

/** Equal while what is written down of it would be as good. */
function savedAs({ name, level, blocks }: Pin): string {
  return JSON.stringify([name, level, blocks.map(({ id, digest }) => [id, digest])]);
}

function newPin(core: Core, { id: jobId, owner }: Job, key: string): Pin {
  const id = `cache-${core.idSeed}-${++core.keeping.made}`;
  return { id, owner, key, name: '', level: 'tabs', jobId, blocks: [], stages: [] };
}

function take(core: Core, block: Block): void {
  block.keeps++;
  takeBack(core, block);
}

function release(core: Core, block: Block): void {
  block.keeps--;
  // Its author wants the room: it is not kept for reuse either.
  if (!isPinned(core, block)) dropBlock(core, block);
}

/** The stage and all that it was made from, in order, as they were run. */
function lineageOf(core: Core, last: StageState): Stage[] {
  const { stages } = last.job;
  const needed = new Set<number>([last.index]);
  for (const { index, reads } of stages.slice(0, last.index + 1).toReversed()) {
    if (needed.has(index)) for (const read of reads) needed.add(read);
  }
  const order = [...needed].sort((a, b) => a - b);
  const place = new Map(order.map((index, at) => [index, at]));
  return order.flatMap((index) => {
    const stage = stages[index];
    return stage ? [asRun(core, stage, place, index === last.index)] : [];
  });
}

function asRun(core: Core, stage: StageState, place: ReadonlyMap<number, number>, isLast: boolean): Stage {
  const { alternatives: _alternatives, startsAfter: _startsAfter, ...plan } = stage.plan;
  const branches = stage.branches.map((branch) => ({
    ...branch,
    inputs: branch.inputs.map((input) => (input.kind === 'stage' ? { ...input, stage: place.get(input.stage) ?? 0 } : input)),
  }));
  const kept = { what: isLast ? ('blocks' as const) : ('lineage' as const), tasks: cutsOf(core, stage) };
  return { ...plan, index: place.get(stage.index) ?? 0, branches, kept };
}

/** What costs least to make again per byte goes first. */
function keepWithinCaps(core: Core, newest: Pin): void {
  const own = [...core.keeping.pins.values()].filter((pin) => pin.owner === newest.owner);
  const order = own.filter((pin) => pin !== newest).sort((a, b) => costPerByte(a.blocks) - costPerByte(b.blocks));
  order.push(newest);
  const counts = (pins: readonly Pin[]): boolean =>
    pins.length <= core.limits.cachedRelationsPerOwner && bytesOf(pins) <= core.limits.cachedBytesPerOwner;
  while (order.length > 0 && !counts(order)) {
    const pin = order.shift();
    if (!pin) return;
    note(core, newest.jobId, 'relationLetGo', `${pin.name}: ${newest.owner} keeps more than an author may`, [], {
      pinId: pin.id,
    });
    letGo(core, pin);
  }
}

function bytesOf(pins: readonly Pin[]): number {
  let bytes = 0;
  for (const block of new Set(pins.flatMap((pin) => pin.blocks))) bytes += block.bytes;
  return bytes;
}

/** Milliseconds to make a byte of it again. */
function costPerByte(blocks: Iterable<Block>): number {
  let runMs = 0;
  let bytes = 0;
  for (const block of blocks) {
    runMs += block.runMs;
    bytes += block.bytes;
  }
  return runMs / Math.max(1, bytes);
}

export function cheapestFirst(blocks: Iterable<Block>): Block[] {
  const costs = new Map([...blocks].map((block) => [block, costPerByte([block])]));
  return [...costs].sort((a, b) => a[1] - b[1]).map(([block]) => block);
}

function letGo(core: Core, pin: Pin): void {
  core.keeping.pins.delete(pin.id);
  core.journal?.push({ type: 'relationLetGo', pinId: pin.id });
  countLoaded(core, pin, -1);
  for (const block of new Set(pin.blocks)) release(core, block);
}

export function relationReleased(core: Core, { pinId }: CoreEventOf<'relationReleased'>): void {
  const pin = core.keeping.pins.get(pinId);
  if (!pin) {
    note(core, pinId, 'eventIgnored', 'no such cached relation');
    return;
  }
  note(core, pin.jobId, 'relationLetGo', `${pin.name}: asked for`, [], { pinId });
  letGo(core, pin);
}
