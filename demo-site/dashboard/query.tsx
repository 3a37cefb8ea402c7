/** The boxes for SQL and for code, and what comes of it. */
import { signal } from '@preact/signals';
import { isPlanWords } from '../../shared/rest/plan-words.ts';
import { formatBytes, formatCount, formatMs, plural } from '../ui/format.ts';
import { Notice } from '../ui/parts.tsx';
import { CodeBox } from './code/code-box.tsx';
import { compiling, diagnostics, logs, own } from './code/code-model.ts';
import { datasets, workers } from './live.ts';
import { PlanView, StageLine } from './plan-view.tsx';
import { ProblemView } from './problem-view.tsx';
import { busy, cancel, plan, query, queryJob, run, sqlText, tab } from './query-model.ts';
import { ResultTable } from './result-table.tsx';

const STAGES_SHOWN = 12;

/** `"name"` where DuckDB needs the quotes. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function Editor() {
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <label for="sql" class="visually-hidden">
        SQL
      </label>
      <textarea
        id="sql"
        data-test="sql"
        class="mono"
        rows={5}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        placeholder="select … from …"
        value={sqlText.value}
        onInput={(event) => {
          sqlText.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void run();
          }
        }}
      />
      <div class="editor-row">
        <button type="submit" class="primary" data-test="run" disabled={busy.value || sqlText.value.trim() === ''}>
          Run
        </button>
        <button type="button" data-test="cancel" disabled={query.value.kind !== 'running'} onClick={() => void cancel()}>
          Cancel
        </button>
        <span class="muted small keys">Ctrl + Enter runs</span>
        <span class="examples">
          {datasets.value.slice(0, 3).map(({ name }) => (
            <button
              key={name}
              type="button"
              class="quiet small"
              onClick={() => {
                sqlText.value = `select * from ${quoted(name)} limit 100`;
              }}
            >
              {name}
            </button>
          ))}
        </span>
      </div>
    </form>
  );
}

/** The coordinator's clause as a sentence. */
function sentenceOf(clause: string): string {
  const text = clause.replaceAll('`', '').trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** What the guests logged, where any did. */
function Logs() {
  if (logs.value.length === 0) return null;
  return (
    <details open>
      <summary>What your code logged</summary>
      <pre class="logs mono" data-test="logs">
        {logs.value.map((line) => line.why).join('\n')}
      </pre>
    </details>
  );
}

function Progress() {
  const job = queryJob.value;
  const nobody = workers.value.size === 0;
  if (job === undefined) return <p class="empty">Planning…</p>;
  return (
    <div class="progress" aria-live="polite">
      {job.state === 'waiting' && (
        <Notice tone="warn" title={nobody ? 'Waiting for tabs' : 'Waiting'}>
          <span>{sentenceOf(job.waitingFor ?? 'the job starts as soon as a tab joins')}</span>
        </Notice>
      )}
      {job.longRun !== undefined && (
        <Notice tone="warn" title="A task runs unusually long">
          <span>{job.longRun.detail}</span>
          <span>
            If that is not meant, press Cancel. A job with <code>deadlineMs</code> in its options ends by itself.
          </span>
        </Notice>
      )}
      {job.stages.slice(0, STAGES_SHOWN).map((stage) => (
        <StageLine key={stage.index} stage={stage} />
      ))}
      {job.stages.length > STAGES_SHOWN && <p class="help">and {job.stages.length - STAGES_SHOWN} more stages</p>}
    </div>
  );
}

function Summary() {
  const now = query.value;
  const job = queryJob.value;
  if (now.kind !== 'done') return null;
  const { result, sql } = now;
  const counters = job?.counters;
  const other = isPlanWords(sql) || (mode.value === 'sql' && sql !== sqlText.value.trim());
  return (
    <>
      {other && (
        <pre class="asked" data-test="asked">
          {sql}
        </pre>
      )}
      <p class="summary" data-test="summary">
        <b>{result.more ? `more than ${formatCount(result.rows.length)} rows` : plural(result.rows.length, 'row')}</b> in{' '}
        <b>{formatMs(now.tookMs)}</b>
        {counters?.attempts !== undefined && (
          <span class="muted">
            {' '}
            · {plural(counters.attempts, 'attempt')}
            {(counters.recomputes ?? 0) > 0 && `, ${counters.recomputes} recomputed`} · {formatBytes(counters.bytesMoved ?? 0)}{' '}
            moved
          </span>
        )}
      </p>
    </>
  );
}

/** How to get more than the first rows. */
function AllRows({ isSql, jobId }: { isSql: boolean; jobId: string }) {
  return isSql ? <code>muster sql --format csv "…"</code> : <code>GET /v1/jobs/{jobId}/result?format=csv</code>;
}

function Result() {
  const now = query.value;
  switch (now.kind) {
    case 'none':
      return (
        <p class="empty">
          {datasets.value.length === 0
            ? 'Upload a dataset, then ask it something.'
            : 'Write a query and run it. The answer appears here.'}
        </p>
      );
    case 'submitting':
      return <p class="empty">{compiling.value ? 'Compiling…' : 'Planning…'}</p>;
    case 'running':
      return <Progress />;
    case 'failed':
      // A source that does not compile says so at its lines.
      if (diagnostics.value.some(own)) return <p class="empty">{now.problem.title}: see the marked lines.</p>;
      return (
        <>
          <ProblemView problem={now.problem} sql={now.sqlOf} />
          <Logs />
        </>
      );
    case 'done':
      return (
        <>
          <Summary />
          <ResultTable result={now.result} more={<AllRows isSql={now.isSql} jobId={now.jobId} />} />
          <Logs />
        </>
      );
  }
}

function Plan() {
  if (plan.value === undefined)
    return (
      <p class="empty">{query.value.kind === 'none' ? 'Run a query to see how it is split.' : 'There is no plan to show.'}</p>
    );
  return <PlanView plan={plan.value} stages={queryJob.value?.stages ?? []} />;
}

const MODES = { sql: 'SQL', code: 'Your own code' } as const;
const mode = signal<keyof typeof MODES>('sql');

function Modes() {
  return (
    <div class="modes">
      {(Object.keys(MODES) as (keyof typeof MODES)[]).map((key) => (
        <button
          key={key}
          type="button"
          data-test={`mode-${key}`}
          aria-pressed={mode.value === key}
          onClick={() => {
            mode.value = key;
          }}
        >
          {MODES[key]}
        </button>
      ))}
    </div>
  );
}

const TABS = { result: 'Result', plan: 'Plan' } as const;

export function QueryPanel() {
  const keys = Object.keys(TABS) as (keyof typeof TABS)[];
  return (
    <section class="panel block query" aria-label="Query">
      <Modes />
      {mode.value === 'sql' ? <Editor /> : <CodeBox />}
      <div class="tabs" role="tablist" aria-label="What came of it">
        {keys.map((key) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`tab-${key}`}
            data-test={`tab-${key}`}
            aria-selected={tab.value === key}
            aria-controls="outcome"
            onClick={() => {
              tab.value = key;
            }}
          >
            {TABS[key]}
            {key === 'plan' && (plan.value?.fallbacks?.length ?? 0) > 0 && <span class="badge">fallback</span>}
          </button>
        ))}
      </div>
      <div id="outcome" role="tabpanel" aria-labelledby={`tab-${tab.value}`} class="outcome">
        {tab.value === 'result' ? <Result /> : <Plan />}
      </div>
    </section>
  );
}
