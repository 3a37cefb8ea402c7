/** How a query runs: what falls back first, then the tree, then the stages with their SQL. */
import type { PlanJson, PlanStageJson, StageJson } from '../../client/index.ts';
import type { LogicalView } from '../../shared/plan/physical.ts';
import { formatBytes, formatCount, plural } from '../ui/format.ts';
import { Bar, Notice } from '../ui/parts.tsx';
import { STAGE_COLOURS } from './task-stream.tsx';

const TREE_DEPTH = 40;

function Tree({ node, depth = 0 }: { node: LogicalView; depth?: number }) {
  return (
    <li>
      <span class="op">{node.op}</span> <span class="muted">{node.detail}</span>
      {node.rows !== undefined && <span class="muted small"> about {plural(node.rows, 'row')}</span>}
      {node.inputs.length > 0 && depth < TREE_DEPTH && (
        <ul>
          {node.inputs.map((input, i) => (
            <Tree key={i} node={input} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}

function sqlOf(stage: PlanStageJson): readonly string[] {
  const fragments = stage.fragments ?? stage.branches?.map((branch) => branch.fragment) ?? [];
  return fragments.map((fragment) => fragment.steps.map((step) => step.sql ?? step.kind).join(';\n'));
}

export function StageLine({ stage }: { stage: StageJson }) {
  const tone = stage.state === 'failed' ? 'bad' : stage.state === 'successful' ? 'good' : 'work';
  return (
    <div class="stage-line">
      <span class="stage-title" title={stage.title}>
        <i class="swatch" style={{ background: STAGE_COLOURS[stage.index % STAGE_COLOURS.length] ?? '' }} />
        <b>{stage.index}</b> {stage.title}
      </span>
      <Bar done={stage.done} total={stage.tasks} label={`Stage ${stage.index}: ${stage.title}`} tone={tone} />
      <span class="stage-count small muted">
        {stage.tasks > 0 ? `${stage.done} of ${stage.tasks}` : stage.state === 'skipped' ? 'not needed' : 'not cut yet'}
        {stage.onCoordinator > 0 && ' · on the coordinator'}
        {stage.recomputes > 0 && <b class="again"> {stage.recomputes} recomputed</b>}
      </span>
    </div>
  );
}

function StageCard({ stage, live }: { stage: PlanStageJson; live: StageJson | undefined }) {
  return (
    <li class="stage-card">
      <h4>
        <i class="swatch" style={{ background: STAGE_COLOURS[stage.index % STAGE_COLOURS.length] ?? '' }} />
        Stage {stage.index}: {stage.title}
      </h4>
      {stage.fallback !== undefined && (
        <p class="fallback">
          Runs in one task: {stage.fallback.operator}, {stage.fallback.why}
        </p>
      )}
      {live !== undefined && (
        <p class="small muted">
          {live.state}, {live.done} of {plural(live.tasks, 'task')}
          {live.reused > 0 && `, ${live.reused} reused`}, {plural(live.rows, 'row')} out, {formatBytes(live.bytes)}
        </p>
      )}
      {live?.alternative !== undefined && <p class="small">Done in another way: {live.alternative}</p>}
      {stage.operators.length > 0 && <p class="small mono">{stage.operators.join(' ← ')}</p>}
      <details>
        <summary class="small">SQL that its tasks run</summary>
        {sqlOf(stage).map((sql) => (
          <pre key={sql}>{sql}</pre>
        ))}
      </details>
    </li>
  );
}

export function PlanView({ plan, stages }: { plan: PlanJson; stages: readonly StageJson[] }) {
  const { fallbacks = [], chunks } = plan;
  return (
    <div class="plan" data-test="plan">
      {fallbacks.length > 0 ? (
        <Notice tone="warn" title="Part of this query runs in one place">
          {fallbacks.map(({ scope, operator, why }) => (
            <span key={`${operator}${why}`}>
              {scope === 'query' ? 'The whole query' : operator}: {why}
            </span>
          ))}
        </Notice>
      ) : (
        <p class="small muted">Every stage runs distributed: no fallbacks.</p>
      )}
      {chunks !== undefined && chunks.total > 0 && (
        <p class="small">
          Reads {formatCount(chunks.needed)} of {plural(chunks.total, 'chunk')}
          {chunks.needed < chunks.total && '; minimum and maximum ruled out the rest'}.
        </p>
      )}
      <h3>Logical plan</h3>
      <ul class="tree">
        <Tree node={plan.logical} />
      </ul>
      <h3>Stages</h3>
      <ol class="stage-cards">
        {plan.stages.map((stage) => (
          <StageCard key={stage.index} stage={stage} live={stages[stage.index]} />
        ))}
      </ol>
    </div>
  );
}
