/** The command: `npm run sim -- --seeds N --from S`. Exits 1 when a seed fails, with the end of its story. */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { loadHashes } from '../../shared/hash.ts';
import { optionsOf } from './options.ts';
import { PLANTS } from './planted/index.ts';
import { type Outcome, runSeed } from './run.ts';
import { runScale } from './scale.ts';

const HELP = `npm run sim -- [options]
  --seeds N       how many seeds to run (default 1000)
  --from S        the first of them (default 1)
  --seed S        run this one alone, with its options and the end of its story
  --lines N       so many lines of its story (default 50)
  --keep-going    do not stop at the tenth failing seed
  --plant NAME    put this bug in, and see how many seeds it takes to find it; --plant list names them
  --scale N       one job of N tasks through the scheduler alone, and smaller ones beside it: what a task costs
`;
const FAILURES_MOST = 10;
const STORIES_MOST = 3;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      lines: { type: 'string', default: '50' },
      plant: { type: 'string' },
      scale: { type: 'string' },
      'keep-going': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const plant = PLANTS.find(({ name }) => name === values.plant);
  if (values.plant !== undefined && !plant) {
    for (const { name, what } of PLANTS) process.stdout.write(`${name.padEnd(24)} ${what}\n`);
    return values.plant === 'list' ? 0 : 2;
  }
  await loadHashes();
  if (values.scale !== undefined) return tellScale(wholeNumber(values.scale, '--scale'));
  if (values.seed !== undefined) {
    return tellSeed(wholeNumber(values.seed, '--seed'), wholeNumber(values.lines, '--lines'), plant);
  }
  const [seeds, from] = [wholeNumber(values.seeds, '--seeds'), wholeNumber(values.from, '--from')];
  if (plant) return findPlant(plant, seeds, from);
  return runMany(seeds, from, values['keep-going'] ? Number.POSITIVE_INFINITY : FAILURES_MOST);
}

function tellScale(most: number): number {
  process.stdout.write('tasks      events     cut ms   run ms   us/task  events/s   MiB\n');
  for (let tasks = 1_000; tasks <= most; tasks *= 10) {
    // The first run of all warms the code up.
    if (tasks === 1_000) for (let i = 0; i < 5; i++) runScale(tasks);
    const { events, cutMs, runMs, usPerTask, eventsPerSecond, rssMiB } = runScale(tasks);
    const figures = [tasks, events, cutMs, runMs, usPerTask, eventsPerSecond, rssMiB];
    const widths = [11, 11, 9, 9, 9, 11, 0];
    process.stdout.write(`${figures.map((figure, i) => `${figure}`.padEnd(widths[i] ?? 0)).join('')}\n`);
  }
  return 0;
}

function wholeNumber(text: string, option: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`${option} takes a whole number, not ${text}`);
}

function tellSeed(seed: number, storyLines: number, plant: (typeof PLANTS)[number] | undefined): number {
  process.stdout.write(`${JSON.stringify(optionsOf(seed), null, 2)}\n`);
  const outcome = runSeed(seed, { isTold: true, storyLines, plant });
  tellStory(outcome);
  const { hash, events, settled, crashes, virtualMs } = outcome;
  process.stdout.write(`${JSON.stringify({ seed, ok: outcome.ok, hash, events, settled, crashes, virtualMs })}\n`);
  return outcome.ok ? 0 : 1;
}

function tellStory({ seed, ok, story, message }: Outcome): void {
  process.stdout.write(`\nThe end of the story of seed ${seed}:\n${story.join('\n')}\n`);
  if (!ok) process.stdout.write(`seed ${seed} failed: ${message}\n`);
}

/** How many seeds it takes until the bug is found; the proof that it can be. */
function findPlant(plant: (typeof PLANTS)[number], seeds: number, from: number): number {
  for (let seed = from; seed < from + seeds; seed++) {
    const { ok, message } = runSeed(seed, { plant });
    if (ok) continue;
    process.stdout.write(`${plant.name}: found by seed ${seed}, after ${seed - from + 1} seeds. ${message?.split('\n')[0]}\n`);
    return 0;
  }
  process.stdout.write(`${plant.name}: not found by ${seeds} seeds\n`);
  return 1;
}

function runMany(seeds: number, from: number, most: number): number {
  const failed: Outcome[] = [];
  const began = performance.now();
  let events = 0;
  let toldAt = began;
  let ran = 0;
  for (let seed = from; seed < from + seeds && failed.length < most; seed++) {
    const outcome = runSeed(seed);
    ran++;
    events += outcome.events;
    if (!outcome.ok) {
      failed.push(outcome);
      process.stdout.write(`seed ${seed} failed: ${outcome.message?.split('\n')[0]}\n`);
      if (failed.length <= STORIES_MOST) tellStory(runSeed(seed, { isTold: true }));
    }
    if (performance.now() - toldAt < 10_000) continue;
    toldAt = performance.now();
    process.stderr.write(`${ran} of ${seeds} seeds, ${failed.length} failed\n`);
  }
  const seconds = (performance.now() - began) / 1000;
  const rate = `${(ran / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds).toLocaleString('en')} core events/s`;
  process.stdout.write(`${ran} seeds from ${from} in ${seconds.toFixed(1)} s: ${failed.length} failed (${rate})\n`);
  if (failed.length > 0) process.stdout.write(`failed: ${failed.map(({ seed }) => seed).join(', ')}\n`);
  return failed.length === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`sim: ${(error as Error).message}\n`);
    process.exitCode = 2;
  },
);
