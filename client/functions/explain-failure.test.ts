import { expect, test } from 'vitest';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { ProblemError } from '../problem.ts';
import { explainFailure } from './explain-failure.ts';
import { type AggregateSources, aggregateScript, pipelineScript, scriptStep } from './script.ts';

type Code = Extract<AuthorPlan['relations'][number]['relation'], { kind: 'guest' }>['code'];

const planOf = (code: Code): AuthorPlan => ({
  relations: [{ name: 'map_2', relation: { kind: 'guest', operation: 'flatMap', input: 'rows', code } }],
  result: 'map_2',
});

/** What is told of an error where the script has `text`. */
function told(code: Code, text: string): ProblemError {
  const source = code.kind === 'script' ? code.source : '';
  const before = source.slice(0, source.indexOf(text)).split('\n');
  const detail = `TypeError: in map_2: no at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  const problem = { code: 'guest-script', title: 'run (JavaScript) failed in the relation map_2', detail, status: 422 };
  return explainFailure(new ProblemError(problem), planOf(code)) as ProblemError;
}

/** As it was written, whatever formats this file. */
const TWO_LINES = new Function('return (x) =>\n  Math.abs(x.y.z)');
const piped = (fn: unknown): Code => pipelineScript('values', [scriptStep('map', 'map_2', fn, undefined)], 'values').code;
const summed = (sources: AggregateSources): Code => aggregateScript('map_2', 'values', [], sources);

test.each<[string, Code, string, RegExp]>([
  ['an arrow', piped((x: { y: { z: number } }) => x.y.z), 'x.y.z', /line 1, column 8 of the function: \(x\) => x\.y\.z$/],
  ['calls at its end', piped((x: number) => Math.abs(Math.abs(x))), 'Math', /: \(x\) => Math\.abs\(Math\.abs\(x\)\)$/],
  ['the last line of several', piped(TWO_LINES()), 'x.y.z', /line 2, column 12 of the function: Math\.abs\(x\.y\.z\)$/],
  ['a function of the library', summed({ first: '(v) => add(v)', add: '(x)', merge: 'add' }), 'add(v)', /: \(v\) => add\(v\)$/],
])('the line that is shown is the author’s, without what stands around it: %s', (_, code, text, detail) => {
  expect(told(code, text).detail).toMatch(detail);
});

test('the title names the step and not the script', () => {
  expect(
    told(
      piped((x: number) => x + 1),
      'x + 1',
    ).title,
  ).toBe('A function of map_2 failed');
});
