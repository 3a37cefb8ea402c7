/**
 * Traces of volunteers that come and go, as text: a line an event, `MS WORKER WHAT`, in order of time; lines that begin with # say how it
 * was made. WHAT is `joins` (for the first time, or again with what it had), `leaves` (says goodbye and hands over), `closes` (a closed
 * tab: the connection ends at once) or `vanishes` (a closed lid: the connection stays open, and nothing comes).
 */
import { Prng } from '../shared/prng.ts';

export const HAPPENINGS = ['joins', 'leaves', 'closes', 'vanishes'] as const;
export type Happening = (typeof HAPPENINGS)[number];

export interface TraceEvent {
  readonly atMs: number;
  readonly worker: string;
  readonly what: Happening;
}

const LINE = /^(\d+) (\S+) (\S+)$/;

/** Throws where a line is none, time runs backwards, or somebody leaves who is not there: with the line's number. */
export function readTrace(text: string): readonly TraceEvent[] {
  const events: TraceEvent[] = [];
  const there = new Set<string>();
  text.split('\n').forEach((line, i) => {
    if (line === '' || line.startsWith('#')) return;
    const [, at, worker = '', word] = LINE.exec(line) ?? [];
    const what = HAPPENINGS.find((each) => each === word);
    if (at === undefined || what === undefined)
      throw new Error(`line ${i + 1} of the trace is not \`MS WORKER WHAT\`, WHAT being ${HAPPENINGS.join(', ')}: ${line}`);
    const atMs = Number(at);
    if (atMs < (events.at(-1)?.atMs ?? 0)) throw new Error(`line ${i + 1} of the trace is earlier than the one before it`);
    if (there.has(worker) === (what === 'joins'))
      throw new Error(`line ${i + 1} of the trace: ${worker} is ${what === 'joins' ? 'there already' : 'not there'}`);
    if (what === 'joins') there.add(worker);
    else there.delete(worker);
    events.push({ atMs, worker, what });
  });
  return events;
}

export const writeTrace = (events: readonly TraceEvent[], comments: readonly string[]): string =>
  [...comments.map((line) => `# ${line}`), ...events.map(({ atMs, worker, what }) => `${atMs} ${worker} ${what}`), ''].join('\n');

export interface Volunteers {
  readonly seed: number;
  readonly workers: number;
  readonly lastsMs: number;
  /** Of a Weibull distribution, and its mean: many short visits, few very long ones. */
  readonly visit: { readonly shape: number; readonly meanMs: number };
  /** Of an exponential distribution, between two visits of one worker. */
  readonly awayMeanMs: number;
  /** How visits end; what is left of 1 says goodbye. */
  readonly closes: number;
  readonly vanishes: number;
}

/**
 * Thirty minutes of a class of twelve in 60 seconds. Visits: Weibull of shape 0.4, as Javadi, Kondo, Vincent and Anderson fitted the
 * availability of SETI@home hosts ("Discovering Statistical Models of Availability in Large Distributed Systems", 2011), with the mean of
 * 6 min 50 s that CrowdProcess told of visitors of web pages; times are divided by 30.
 */
export const CLASS: Volunteers = {
  seed: 30,
  workers: 12,
  lastsMs: 60_000,
  visit: { shape: 0.4, meanMs: 410_000 / 30 },
  awayMeanMs: 120_000 / 30,
  closes: 0.6,
  vanishes: 0.2,
};

/** Everyone joins within the first two seconds, and one of them stays to the end. */
export function drawTrace({ seed, workers, lastsMs, visit, awayMeanMs, closes, vanishes }: Volunteers): readonly TraceEvent[] {
  const random = new Prng(seed);
  const scaleMs = visit.meanMs / gamma(1 + 1 / visit.shape);
  const events: TraceEvent[] = [];
  for (let i = 0; i < workers; i++) {
    const worker = `w${i + 1}`;
    for (let atMs = random.float() * 2_000; atMs < lastsMs; ) {
      events.push({ atMs: Math.round(atMs), worker, what: 'joins' });
      if (i === 0) break;
      atMs += 500 + scaleMs * (-Math.log(1 - random.float())) ** (1 / visit.shape);
      if (atMs >= lastsMs) break;
      const chance = random.float();
      const ends = chance < closes + vanishes ? 'vanishes' : 'leaves';
      events.push({ atMs: Math.round(atMs), worker, what: chance < closes ? 'closes' : ends });
      atMs += 500 - awayMeanMs * Math.log(1 - random.float());
    }
  }
  return events.sort((a, b) => a.atMs - b.atMs);
}

/** Of x above 0: by its recurrence into the range of Stirling's series. */
function gamma(x: number): number {
  if (x < 10) return gamma(x + 1) / x;
  return Math.sqrt((2 * Math.PI) / x) * (x / Math.E) ** x * (1 + 1 / (12 * x) + 1 / (288 * x * x));
}
