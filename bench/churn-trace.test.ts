import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../playwright/paths.ts';
import { CLASS, drawTrace, readTrace } from './churn-trace.ts';
import { readsOf, SHAPES, tasksOf } from './task-graphs.ts';

test('the class that is replayed is the one that is drawn', () => {
  const text = readFileSync(join(packageRoot(), 'bench', 'churn-class.trace'), 'utf8');
  expect(readTrace(text)).toEqual(drawTrace(CLASS));
});

test.each([
  ['0 w1 joins\n5 w1 sleeps\n', /^line 2 of the trace is not/],
  ['# a comment\n0 w1 closes\n', /^line 2 of the trace: w1 is not there/],
  ['7 w1 joins\n8 w1 joins\n', /^line 2 of the trace: w1 is there already/],
  ['7 w1 joins\n6 w2 joins\n', /^line 2 of the trace is earlier/],
])('a trace that cannot be is refused with its line: %j', (text, words) => {
  expect(() => readTrace(text)).toThrow(words);
});

test('points of a task graph read points of the step before, as their shape says', () => {
  const edges = SHAPES.map((shape) => {
    const graph = { shape, width: 4, steps: 3 };
    return [shape, tasksOf(graph), readsOf(graph, 1, 0), readsOf(graph, 2, 3)];
  });
  expect(edges.slice(0, 4)).toEqual([
    ['trivial', 12, [], []],
    ['stencil', 12, [0, 1], [2, 3]],
    ['fft', 12, [0, 1], [3, 1]],
    ['tree', 7, [0], [1]],
  ]);
});
