/** An error that says where, why and what next. */
import type { ProblemError } from '../../client/index.ts';
import { pointAt } from './point-at.ts';

export function ProblemView({ problem, sql }: { problem: ProblemError; sql?: string | undefined }) {
  const point = problem.position !== undefined && sql !== undefined ? pointAt(sql, problem.position) : undefined;
  return (
    <div class="notice bad" role="alert" data-test="problem">
      <strong>{problem.title}</strong>
      {problem.detail !== '' && <span>{problem.detail}</span>}
      {point !== undefined && (
        <pre class="pointer">
          {`${point.line} | ${point.text}\n${' '.repeat(String(point.line).length)} | `}
          <b>{point.caret}</b>
        </pre>
      )}
      {problem.hint !== undefined && (
        <span>
          <b>Try:</b> {problem.hint}
        </span>
      )}
      <span class="small muted">
        <code>{problem.code}</code>
        {problem.relation !== undefined && ` in the relation ${problem.relation}`}
        {problem.stage !== undefined && ` in stage ${problem.stage}`}
      </span>
    </div>
  );
}
