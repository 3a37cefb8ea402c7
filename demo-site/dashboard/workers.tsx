/** Who lends what, and what each does now. */
import type { WorkerJson } from '../../client/index.ts';
import { formatBytes, formatCount } from '../ui/format.ts';
import { Lamp, type LampState } from '../ui/parts.tsx';
import { workers } from './live.ts';

const SHOWN = 60;
const SILENT_MS = 5_000;

function lampOf({ state, silentMs }: WorkerJson): LampState {
  if (silentMs > SILENT_MS) return 'disconnected';
  if (state === 'working' || state === 'draining') return 'working';
  return state === 'paused' || state === 'leaving' ? 'paused' : 'idle';
}

const IDLE_WORDS: { readonly [S in WorkerJson['state']]: string } = {
  idle: 'waiting for work',
  working: 'working',
  paused: 'paused, still serves its blocks',
  draining: 'takes no more tasks',
  leaving: 'leaving',
};

function nowWords(worker: WorkerJson): string {
  if (worker.silentMs > SILENT_MS) return `silent for ${Math.round(worker.silentMs / 1000)} s`;
  const [first, ...others] = worker.current;
  if (first === undefined) return IDLE_WORDS[worker.state];
  const finishing = worker.state === 'draining' ? 'finishing: ' : '';
  return `${finishing}${first.title}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}

function WorkerRow({ worker }: { worker: WorkerJson }) {
  return (
    <li class="worker">
      <Lamp state={lampOf(worker)} />
      <div class="worker-words">
        <p class="worker-name">
          <b>{worker.name ?? worker.workerId}</b>
          {worker.visibility !== 'visible' && <span class="muted small"> {worker.visibility}</span>}
        </p>
        <p class="small muted worker-now" title={nowWords(worker)}>
          {nowWords(worker)}
        </p>
      </div>
      <p class="worker-figures small">
        <span>
          {worker.busySlots} of {worker.slots} slots
        </span>
        <span class="muted">
          {formatCount(worker.tasksDone)} done · {formatBytes(worker.blockBytes)}
        </span>
      </p>
    </li>
  );
}

export function WorkersPanel() {
  const all = [...workers.value.values()].sort((a, b) => a.workerId.localeCompare(b.workerId));
  return (
    <section class="panel block early" aria-label="Tabs">
      <header class="block-head">
        <h2>Tabs</h2>
        <span class="muted small">{all.length > SHOWN ? `${SHOWN} of ${formatCount(all.length)}` : formatCount(all.length)}</span>
      </header>
      {all.length === 0 && <p class="empty">Nobody is here yet. Jobs wait until a tab joins.</p>}
      <ul class="workers" data-test="workers">
        {all.slice(0, SHOWN).map((worker) => (
          <WorkerRow key={worker.workerId} worker={worker} />
        ))}
      </ul>
    </section>
  );
}
