/** Plans as text, for golden files: every stage with its operators, steps and inputs. */
import type { Alternative, Branch, GuestRows, PhysicalPlan, PlanInput, Step } from '../../../shared/plan/physical.ts';

function stepText(step: Step): string {
  if (step.kind === 'sql') return step.sql;
  const { code, rows, sides = [], keys } = step;
  const who = `${code.kind}${code.kind === 'script' ? '' : ` in${code.module}`}${code.kind === 'stream' ? '' : ` ${code.function}`}`;
  const columns = (list: GuestRows['columns']): string => list.map((c) => `${c.name} ${c.type}`).join(', ');
  const tables = [rows, ...sides].map((r) => `\n      of (${columns(r.columns)}) ${r.sql}`).join('');
  return `\n    ${step.action} with ${who}${keys ? ` by ${keys.join(', ')}` : ''} -> (${columns(step.output)})${tables}\n    `;
}

function inputText(input: PlanInput, index: number): string {
  const what =
    input.kind === 'scan'
      ? `scan ${input.source.dataset} columns ${input.source.ordinals.join(',')}, ${input.source.needed.length} of ${input.source.chunks.length} chunks`
      : input.kind === 'module'
        ? `${input.abi} module`
        : `stage ${input.stage} by ${input.exchange}`;
  return `    in${index}: ${what}, read ${input.kind === 'module' ? 'all' : input.read}`;
}

function branchLines(b: Branch, i: number): string[] {
  const marks = [b.ordered ? 'ordered' : '', b.splittable ? `splittable ${b.splittable.join(',')}` : ''].filter((m) => m !== '');
  return [
    `  branch ${i}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}: ${b.fragment.steps.map(stepText).join('; ')}`,
    ...b.inputs.map(inputText),
  ];
}

function alternativeLines(a: Alternative): string[] {
  const bounds = [
    a.when.rowsMax === undefined ? '' : ` rows <= ${a.when.rowsMax}`,
    a.when.bytesMax === undefined ? '' : ` bytes <= ${a.when.bytesMax}`,
  ];
  return [
    `  or, with stage ${a.when.stage}${bounds.join('')}: ${a.title}`,
    ...a.branches.flatMap(branchLines).map((l) => `  ${l}`),
  ];
}

export function planText(sql: string, plan: PhysicalPlan): string {
  const lines = [
    sql,
    `columns: ${plan.columns.map((c) => `${c.name} ${c.type}${c.wire === c.type ? '' : ` as ${c.wire}`}`).join(', ')}`,
  ];
  for (const f of plan.fallbacks) lines.push(`fallback (${f.scope}) at ${f.operator}: ${f.why}`);
  for (const s of plan.stages) {
    lines.push(
      '',
      `stage ${s.index}: ${s.title} [${s.determinacy}]${s.startsAfter ? ` after ${s.startsAfter.join(',')}` : ''}${s.fallback ? ' FALLBACK' : ''}`,
      ...s.operators.map((o) => `  ${o}`),
    );
    lines.push(...s.branches.flatMap(branchLines), ...(s.alternatives ?? []).flatMap(alternativeLines));
  }
  return `${lines.join('\n')}\n`;
}
