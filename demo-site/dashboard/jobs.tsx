/** Jobs, newest first: state in words, stages with their progress. */
import type { JobJson, JobState } from '../../client/index.ts';
import { formatBytes, formatMs, plural } from '../ui/format.ts';
import { grid, jobs } from './live.ts';
import { StageLine } from './plan-view.tsx';
import { isRunning, open } from './query-model.ts';

const SHOWN = 30;
const SHAPES: { readonly [S in JobState]: string } = { waiting: '◌', running: '●', successful: '✓', failed: '✕', cancelled: '–' };

function tookMs({ submittedAtMs, settledAtMs }: JobJson): number | undefined {
  return submittedAtMs === undefined || settledAtMs === undefined ? undefined : settledAtMs - submittedAtMs;
}

function titleOf(job: JobJson): string {
  return job.name ?? job.sql?.replace(/\s+/g, ' ').trim() ?? job.jobId;
}

/** What is known of a settled job: one of an earlier run of the coordinator has lost its counters. */
function factsOf(job: JobJson): string {
  const { attempts, bytesMoved, tasksReused = 0 } = job.counters;
  const took = tookMs(job);
  const facts = [
    took === undefined ? '' : formatMs(took),
    job.stages.length > 0 ? plural(job.stages.length, 'stage') : '',
    attempts === undefined ? '' : plural(attempts, 'attempt'),
    bytesMoved === undefined ? '' : `${formatBytes(bytesMoved)} moved`,
    tasksReused > 0 ? `${plural(tasksReused, 'task')} reused` : '',
  ];
  return facts.filter((fact) => fact !== '').join(' · ');
}

function JobRow({ job }: { job: JobJson }) {
  const { recomputes = 0 } = job.counters;
  const running = isRunning(job.state);
  return (
    <li class="job">
      <div class="job-head">
        <span class={`chip ${job.state}`}>
          <span aria-hidden="true">{SHAPES[job.state]}</span> {job.state}
        </span>
        <span class="job-title mono" title={titleOf(job)}>
          {titleOf(job)}
        </span>
        {running ? (
          <button
            type="button"
            class="quiet small"
            onClick={() => void grid.job(job.jobId).cancel()}
            aria-label={`Cancel ${job.jobId}`}
          >
            Cancel
          </button>
        ) : (
          job.state === 'successful' && (
            <button
              type="button"
              class="quiet small"
              onClick={() => void open(job.jobId)}
              aria-label={`Show the result of ${job.jobId}`}
            >
              Show
            </button>
          )
        )}
      </div>
      {running && job.waitingFor !== undefined && <p class="small warn-text">{job.waitingFor}</p>}
      {running && job.longRun !== undefined && (
        <p class="small warn-text" data-test="long-run">
          {job.longRun.detail}
        </p>
      )}
      {job.error !== undefined && (
        <p class="small bad-text">
          {job.error.title}: {job.error.detail}
        </p>
      )}
      {running ? (
        job.stages.slice(0, 12).map((stage) => <StageLine key={stage.index} stage={stage} />)
      ) : (
        <p class="small muted">
          {factsOf(job)}
          {recomputes > 0 && <b class="again"> · {recomputes} recomputed</b>}
        </p>
      )}
    </li>
  );
}

export function JobsPanel() {
  const all = [...jobs.value.values()].sort((a, b) => (b.submittedAtMs ?? 0) - (a.submittedAtMs ?? 0));
  return (
    <section class="panel block" aria-label="Jobs">
      <header class="block-head">
        <h2>Jobs</h2>
        {all.length > SHOWN && <span class="muted small">the newest {SHOWN}</span>}
      </header>
      {all.length === 0 && <p class="empty">No jobs yet.</p>}
      <ol class="jobs" data-test="jobs">
        {all.slice(0, SHOWN).map((job) => (
          <JobRow key={job.jobId} job={job} />
        ))}
      </ol>
    </section>
  );
}
