/** An error that says where, why and what next. */
import type { ProblemError } from '../../client/index.ts';

/** The line of `sql` that holds `position`, and a caret under it. */
export function pointAt(sql: string, position: number): { readonly line: number; readonly text: string; readonly caret: string } {
  const at = Math.max(0, Math.min(position, sql.length));
  const start = sql.lastIndexOf('\n', at - 1) + 1;
  const end = sql.indexOf('\n', at);
  const text = sql.slice(start, end < 0 ? sql.length : end);
  return { line: sql.slice(0, start).split('\n').length, text, caret: `${' '.repeat(at - start)}^` };
}

export function ProblemView({ problem, sql }: { problem: ProblemError; sql?: string }) {
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
        {problem.stage !== undefined && ` in stage ${problem.stage}`}
      </span>
    </div>
  );
}
