/** The same word count in five languages: the same answer, and how much text a slot gets through. */

import { rowsOf } from '../shared/arrow/testing.ts';
import { AccumulatorBook } from '../web-worker-client/guest/accumulator-book.ts';
import type { Guest, GuestOutput } from '../web-worker-client/guest/guest.ts';
import { compileGuest } from '../web-worker-client/guest/index.ts';
import { nodeSlotRuntime } from '../web-worker-client/headless/slot-runtime.ts';
import { GuestRoom, type ReadyModule } from '../web-worker-client/slots/guest-room.ts';
import type { Text } from './guest-text.ts';
import { median } from './statistics.ts';
import type { WordCounter } from './word-counters.ts';

export interface WordSpeed {
  readonly language: string;
  readonly kind: string;
  readonly missing?: string;
  readonly medianMs?: number;
  readonly megabytesPerSecond?: number;
}

/** A slow guest is not run longer than this. */
const ENOUGH_MS = 8_000;

/** Opens a new guest of a step, without a slot around it. */
export async function opener({ step, module }: Pick<WordCounter, 'step' | 'module'>): Promise<() => Promise<Guest>> {
  const room = new GuestRoom({ unzstd: (bytes) => bytes, loadScripts: nodeSlotRuntime.loadScripts });
  const modules = new Map<number, ReadyModule>();
  if (module !== undefined && step.code.kind !== 'script') {
    const { admitted, module: compiled } = await compileGuest(await module());
    modules.set(step.code.module, { abi: admitted.abi, memoryBytesMax: admitted.memoryBytesMax, module: compiled });
  }
  const deadline = { nowMs: () => performance.now(), atMs: Number.POSITIVE_INFINITY };
  const terms = { seed: 1n, breathe: async () => undefined, deadline, sides: [] };
  return () => room.open(step, modules, { ...terms, accumulators: new AccumulatorBook() });
}

/** What a new guest makes of the rows; rows in, rows out, all copies included. */
export async function runGuest(open: () => Promise<Guest>, streams: readonly Uint8Array[]): Promise<GuestOutput[]> {
  const guest = await open();
  const outputs: GuestOutput[] = [];
  for (const stream of streams) outputs.push(...(await guest.batch(stream)));
  outputs.push(...(await guest.endFinal()));
  guest.close();
  return outputs;
}

export async function wordSpeed(counter: WordCounter, text: Text, repetitions: number): Promise<WordSpeed> {
  const { language, missing, step } = counter;
  const { kind } = step.code;
  if (missing !== undefined) return { language, kind, missing };
  const open = await opener(counter);
  expectCounts(language, await runGuest(open, text.streams), text);
  const times: number[] = [];
  let spentMs = 0;
  while (times.length < repetitions && spentMs < ENOUGH_MS) {
    const startedMs = performance.now();
    await runGuest(open, text.streams);
    times.push(performance.now() - startedMs);
    spentMs += times.at(-1) ?? 0;
  }
  const medianMs = median(times);
  return { language, kind, medianMs, megabytesPerSecond: text.bytes / 1000 / medianMs };
}

function expectCounts(who: string, outputs: readonly GuestOutput[], { counts }: Text): void {
  const rows = outputs.flatMap(({ stream }) => rowsOf(stream));
  if (rows.length !== counts.size) throw new Error(`${who}: ${rows.length} words, there are ${counts.size}`);
  for (const [word, n] of rows) {
    if (Number(n) !== counts.get(String(word)))
      throw new Error(`${who}: ${String(word)} ${String(n)} times, it is there ${counts.get(String(word))} times`);
  }
}

export function wordTable(speeds: readonly WordSpeed[], text: Text): string {
  const head = `${`word count, ${(text.bytes / 1e6).toFixed(0)} MB of text`.padEnd(34)}${'median ms'.padStart(12)}${'MB/s a slot'.padStart(14)}\n`;
  const lines = speeds.map(({ language, kind, missing, medianMs = 0, megabytesPerSecond = 0 }) => {
    const name = `${language} (${kind})`.padEnd(34);
    if (missing !== undefined) return `${name}  skipped: ${missing} is not installed\n`;
    return `${name}${medianMs.toFixed(1).padStart(12)}${megabytesPerSecond.toFixed(1).padStart(14)}\n`;
  });
  return head + lines.join('');
}
