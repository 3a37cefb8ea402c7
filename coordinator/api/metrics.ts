/** Numbers for Prometheus, in its text format 0.0.4. Totals are folded from stories; nothing is counted on the side. */

import Type from 'typebox';
import { LOCAL_WORKER } from '../core/local-worker.ts';
import { LeaseOverhead } from './lease-overhead.ts';
import { plugin } from './plugin.ts';
import { responses } from './schemas.ts';
import type { CoreViews, NumberedStory, Services } from './services.ts';

export const metricsRoutes = plugin<Services>({ name: 'muster-metrics', dependencies: ['muster-access'] }, (app, services) => {
  const fold = new StoryFold(services.core);
  // Stories live in a ring: fold them before it comes round.
  services.shell.onChange(() => fold.catchUp());
  app.get(
    '/metrics',
    { config: { access: 'author' }, schema: { summary: 'Metrics for Prometheus', response: responses(200, Type.String()) } },
    async (_request, reply) => {
      fold.catchUp();
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(render(services, fold));
    },
  );
});

class StoryFold {
  readonly counts = new Map<string, number>();
  /** Attempts that ended, by where they ran and how they ended. */
  readonly ended = new Map<string, Sample>();
  readonly overhead = new LeaseOverhead();
  readonly #core: CoreViews;
  #next = 0;

  constructor(core: CoreViews) {
    this.#core = core;
  }

  catchUp(): void {
    const { lines, next } = this.#core.storiesSince(this.#next);
    for (const line of lines) {
      this.counts.set(line.what, (this.counts.get(line.what) ?? 0) + 1);
      if (line.what === 'attemptLeased') this.overhead.leased(line);
      if (line.what === 'attemptEnded') this.#ended(line);
    }
    this.#next = next;
  }

  #ended(line: NumberedStory): void {
    this.overhead.ended(line);
    const { detail } = line;
    const on = detail?.workerId === LOCAL_WORKER ? 'coordinator' : 'worker';
    const how = String(detail?.how);
    const key = `${on} ${how}`;
    this.ended.set(key, [{ on, how }, (this.ended.get(key)?.[1] ?? 0) + 1]);
  }
}

type Sample = readonly [labels: { readonly [name: string]: string }, value: number];

function render({ core, relay, blocks }: Services, fold: StoryFold): string {
  const workers = core.workers();
  const relayed = relay.totals();
  const held = blocks.held();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    metric('muster_workers', 'gauge', 'Connected workers by state', countBy(workers.map((worker) => worker.state))),
    metric('muster_slots', 'gauge', 'Donated slots', [[{}, sum(workers.map((worker) => worker.slots))]]),
    metric('muster_slots_busy', 'gauge', 'Slots that have a task', [[{}, sum(workers.map((worker) => worker.busySlots))]]),
    metric('muster_jobs', 'gauge', 'Jobs the scheduler knows, by state', countBy(core.jobs().map((job) => job.state))),
    metric(
      'muster_transitions_total',
      'counter',
      'Story lines since the start, by what happened',
      [...fold.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, value]) => [{ what }, value]),
    ),
    metric('muster_attempts_ended_total', 'counter', 'Attempts that ended, by where they ran and how', [...fold.ended.values()]),
    histogram(
      'muster_lease_overhead_seconds',
      'From the decision to lease a task to the acceptance of its report, less what its worker says it waited for the slot and worked',
      fold.overhead,
    ),
    metric('muster_data_bytes_total', 'counter', 'Bytes to workers over data sockets, by where they came from', [
      [{ from: 'coordinator' }, relayed.servedBytes],
      [{ from: 'worker' }, relayed.relayedBytes],
    ]),
    metric('muster_data_sockets', 'gauge', 'Open data sockets', [[{}, relayed.peers]]),
    metric('muster_data_fetches', 'gauge', 'Fetches under way', [[{}, relayed.fetches]]),
    metric(
      'muster_relay_pulled_bytes_total',
      'counter',
      'Bytes that workers sent for others; each slice once for all its readers',
      [[{}, relayed.pulledBytes]],
    ),
    metric('muster_relay_spilled_bytes_total', 'counter', 'Bytes that slow readers left on disk', [[{}, relayed.spilledBytes]]),
    metric('muster_relay_bytes', 'gauge', 'Bytes on their way between workers, by where they are', [
      [{ where: 'memory' }, relayed.memoryBytes],
      [{ where: 'disk' }, relayed.diskBytes],
    ]),
    metric(
      'muster_blocks_bytes',
      'gauge',
      'Bytes of blocks on the coordinator: chunks of datasets, outputs on disk and in memory',
      [
        [{ kind: 'chunks' }, held.chunks.bytes],
        [{ kind: 'outputs' }, held.outputs.bytes],
        [{ kind: 'inline' }, held.inline.bytes],
      ],
    ),
    metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the coordinator', [[{}, rss]]),
    metric('nodejs_heap_used_bytes', 'gauge', 'Heap in use', [[{}, heapUsed]]),
  ].join('');
}

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/[\\"\n]/g, '_')}"`);
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function histogram(name: string, help: string, overhead: LeaseOverhead): string {
  const { buckets, sum, count } = overhead.picture();
  const lines = buckets.map(([le, value]) => `${name}_bucket{le="${le}"} ${value}`);
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} histogram`,
    ...lines,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
    '',
  ].join('\n');
}

function countBy(states: readonly string[]): readonly Sample[] {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, value]) => [{ state }, value]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
