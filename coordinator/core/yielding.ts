/**
 * Copies that the coordinator gives up before a job fails because its disk is full: what nobody reads any more, then what is only kept for
 * later jobs. Results stay, and so does what a running job reads, unless a tab has it too.
 */
import { LIMITS } from '../../shared/limits.ts';
import { coordinatorCopyLost, isStoreGoing } from './losses.ts';
import { isOver, isWanted } from './overflow.ts';
import { cheapestFirst } from './pins.ts';
import { type Block, type Core, isResult } from './state.ts';
import { note } from './stories.ts';

/** Gives up about as much as the block takes, for that it can be tried again; false: there is nothing to give up. */
export function makeRoom(core: Core, wanted: Block): boolean {
  let left = Math.max(1, wanted.bytes);
  const going: Block[] = [];
  for (const block of inOrder(core)) {
    if (left <= 0) break;
    going.push(block);
    left -= block.bytes;
  }
  for (const block of going) {
    const why = 'the coordinator’s disk is full, and a running job needs the room';
    note(core, block.id, 'copyGivenUp', why);
    core.discards.push(block.id);
    // Not asked for again before there is room.
    if (block.keeps > 0) core.keeping.noRoom = true;
    coordinatorCopyLost(core, block.id, why);
  }
  return going.length > 0;
}

/** What may go; what is missed least comes first. */
function inOrder(core: Core): Block[] {
  const ranks: [reusable: Block[], idle: Block[], spare: Block[], kept: Block[], read: Block[]] = [[], [], [], [], []];
  const [reusable, idle, spare, kept, read] = ranks;
  for (const block of core.reusable.values()) if (block.onCoordinator) reusable.push(block);
  for (const block of core.blocks.values()) {
    if (!block.onCoordinator || core.reusable.has(block.id) || mustStay(core, block)) continue;
    const isSpare = isInTabs(core, block);
    if (isWanted(core, block)) {
      if (isSpare && block.keeps > 0) read.push(block);
    } else if (block.keeps === 0) idle.push(block);
    else (isSpare ? spare : kept).push(block);
  }
  const all = [...reusable, ...idle, ...spare, ...cheapestFirst(kept), ...read];
  // Small ones are in memory as a rule, and would free nothing.
  const isLarge = ({ bytes }: Block): boolean => bytes > LIMITS.inlineBlockBytes;
  return [...all.filter(isLarge), ...all.filter((block) => !isLarge(block))];
}

/** A result, or rows that nobody could make again. */
function mustStay(core: Core, block: Block): boolean {
  const task = core.tasks.get(block.id);
  const isOfResult = task?.refs.some(({ stage }) => isResult(stage)) ?? false;
  return block.pins > 0 || isOfResult || task?.determinacy === 'indeterminate';
}

/** In a store that neither goes nor would drop it for want of room. */
export function isInTabs(core: Core, { stores }: Block): boolean {
  return [...stores.keys()].some((store) => !isOver(store) && !isStoreGoing(core, store));
}
