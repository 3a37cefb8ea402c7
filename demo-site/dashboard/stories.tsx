/** What happened and why: recomputes by themselves, and everything in a log that can be searched. */
import { useComputed, useSignal } from '@preact/signals';
import type { StoryLineJson } from '../../client/index.ts';
import { formatCount } from '../ui/format.ts';
import { lines, recomputes } from './live.ts';

const SHOWN = 200;

/** `taskRecomputed` -> `task recomputed`. */
export function inWords(what: string): string {
  return what.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

/** Block ids are 64 hex digits: eight tell them apart for people. */
export function shortSubject(subject: string): string {
  return subject.replace(/[0-9a-f]{64}/g, (id) => `${id.slice(0, 8)}…`);
}

/** The coordinator's wall clock, in this browser's time zone. */
function clockOf(atMs: number): string {
  const time = new Date(atMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** Where it happened, in words: `job-1, stage 0, slot 1`. */
function placeOf({ subject, detail = {} }: StoryLineJson): string {
  const { jobId, stage, slot, how } = detail;
  const parts = [
    jobId === undefined || jobId === subject ? '' : String(jobId),
    stage === undefined ? '' : `stage ${stage}`,
    slot === undefined ? '' : `slot ${Number(slot) + 1}`,
    how === undefined || how === 'succeeded' ? '' : String(how),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export function RecomputesPanel() {
  const all = recomputes.value.slice(-20).reverse();
  return (
    <section class="panel block" aria-label="Recomputes">
      <header class="block-head">
        <h2>Why was this done again?</h2>
      </header>
      {all.length === 0 ? (
        <p class="empty">Nothing was. Close a tab that works, and lineage brings its blocks back: the reason appears here.</p>
      ) : (
        <ol class="recomputes" data-test="recomputes">
          {all.map((line) => (
            <li key={`${line.atMs}${line.subject}${line.what}`}>
              <b>
                {line.detail?.cause === 'speculation' && 'Second attempt: '}
                {line.why}
              </b>
              <p class="small muted">
                {clockOf(line.atMs)} · stage {String(line.detail?.stage ?? '?')} of{' '}
                <span class="mono">{String(line.detail?.jobId ?? 'a job')}</span>, attempt{' '}
                <span class="mono">{line.subject}</span>
              </p>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

export function LogPanel() {
  const filter = useSignal('');
  const shown = useComputed(() => {
    const wanted = filter.value.trim().toLowerCase();
    const hits =
      wanted === ''
        ? lines.value
        : lines.value.filter((line) =>
            `${line.subject} ${line.what} ${inWords(line.what)} ${line.why}`.toLowerCase().includes(wanted),
          );
    return { hits: hits.slice(-SHOWN).reverse(), total: hits.length };
  });
  const { hits, total } = shown.value;
  return (
    <section class="panel block late" aria-label="Event log">
      <header class="block-head">
        <h2>Event log</h2>
        <input
          type="search"
          class="filter"
          placeholder="filter"
          aria-label="Filter the event log"
          data-test="log-filter"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
          }}
        />
      </header>
      {total === 0 && <p class="empty">{filter.value === '' ? 'Nothing has happened yet.' : 'Nothing matches.'}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="log" tabIndex={0} aria-label="Events, newest first">
        <ol data-test="log">
          {hits.map((line, i) => (
            <li key={i}>
              <time class="muted">{clockOf(line.atMs)}</time>
              <span class="mono subject">{shortSubject(line.subject)}</span>
              <span>
                {inWords(line.what)}
                {line.why !== '' && <span class="muted">: {line.why}</span>}
                {placeOf(line) !== '' && <span class="muted"> ({placeOf(line)})</span>}
              </span>
            </li>
          ))}
        </ol>
      </section>
      {total > SHOWN && (
        <p class="help">
          The newest {SHOWN} of {formatCount(total)}.
        </p>
      )}
    </section>
  );
}
