import { expect, it } from 'vitest';
import { canonicalJson, type Recipe, recipeJson } from './recipe.ts';

it('a recipe’s text is its canonical JSON, whatever it holds', () => {
  const plain: Recipe = { v: 1, fragment: 'f', output: { kind: 'single' }, inputs: [] };
  const inputs: Recipe['inputs'] = [
    [],
    [['b"1', 0]],
    [
      ['b-2', 7],
      ['b-3', 12],
    ],
  ];
  const recipes: Recipe[] = [
    plain,
    { ...plain, inputs },
    { ...plain, fragment: 'a "quoted" one', inputs, partition: 0, salt: 'job-1/ä\n2' },
    { ...plain, output: { kind: 'hash', keys: [2, 0], count: 16 }, partition: 3 },
    { ...plain, output: { kind: 'range', count: 4 }, salt: 's' },
  ];
  for (const recipe of recipes) expect(recipeJson(recipe)).toBe(canonicalJson(recipe));
});
