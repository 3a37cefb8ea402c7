/** The strip at the top: is the grid well? Each figure is counted from what the page knows, never kept on the side. */
import type { ComponentChildren } from 'preact';
import { formatBytes, formatCount, formatMs } from '../ui/format.ts';
import { jobs, link, paceMs, workers } from './live.ts';

function Figure({ name, value, tone, children }: { name: string; value: string; tone?: string; children?: ComponentChildren }) {
  return (
    <div class={tone === undefined ? 'figure' : `figure ${tone}`}>
      <dt>{name}</dt>
      <dd>{value}</dd>
      <dd class="figure-note">{children}</dd>
    </div>
  );
}

export function Health() {
  const everyone = [...workers.value.values()];
  const all = [...jobs.value.values()];
  const count = (state: string): number => all.filter((job) => job.state === state).length;
  const slots = everyone.reduce((sum, worker) => sum + worker.slots, 0);
  const busySlots = everyone.reduce((sum, worker) => sum + worker.busySlots, 0);
  const moved = all.reduce((sum, job) => sum + (job.counters.bytesMoved ?? 0), 0);
  const again = all.reduce((sum, job) => sum + (job.counters.recomputes ?? 0), 0);
  const failed = count('failed');
  const waiting = count('waiting');
  return (
    <dl class="health panel" data-test="health">
      <Figure name="tabs" value={formatCount(everyone.length)} {...(everyone.length === 0 ? { tone: 'warn' } : {})}>
        {everyone.length === 0 ? 'waiting for tabs' : `${busySlots} of ${slots} slots busy`}
      </Figure>
      <Figure name="running" value={formatCount(count('running'))}>
        {waiting > 0 ? `${waiting} waiting` : 'none waiting'}
      </Figure>
      <Figure name="successful" value={formatCount(count('successful'))}>
        {count('cancelled') > 0 ? `${count('cancelled')} cancelled` : 'jobs'}
      </Figure>
      <Figure name="failed" value={formatCount(failed)} {...(failed > 0 ? { tone: 'bad' } : {})}>
        jobs
      </Figure>
      <Figure name="moved to tabs" value={formatBytes(moved)}>
        over the network
      </Figure>
      <Figure name="recomputes" value={formatCount(again)}>
        {again > 0 ? 'see why, below' : 'no block was lost'}
      </Figure>
    </dl>
  );
}

export function LinkState() {
  const now = link.value;
  return (
    <p class={`link-state ${now.kind}`} role="status" data-test="link">
      <span class="dot" aria-hidden="true" />
      {now.kind === 'open' && 'live'}
      {now.kind === 'connecting' && 'connecting'}
      {now.kind === 'lost' && `reconnecting: ${now.why}`}
      {paceMs.value > 0 && <span class="badge">pace: {formatMs(paceMs.value)} a task or more</span>}
    </p>
  );
}
