/** What an example needs before it can run: its guests as code, and its data on the coordinator. */
import { ProblemError } from '../../client/index.ts';
import type { Example, GuestSource } from '../../examples/example.ts';
import { compiledSources, datasets, grid, refreshDatasets } from '../dashboard/live.ts';

const GUESTS = import.meta.glob<string>('../../examples/*/guest.*', {
  query: '?raw',
  import: 'default',
});

export function sourceOf({ source }: GuestSource): Promise<string> {
  const load = GUESTS[`../../${source}`];
  return load === undefined ? Promise.resolve('') : load();
}

/** A module's digest, or a script's source. */
async function codeOf(guest: GuestSource): Promise<string> {
  const source = await sourceOf(guest);
  if (guest.kind === 'script') return source;
  if (guest.language === 'AssemblyScript' && source !== '') return compiledSources.digestOf(source, guest.source);
  throw new ProblemError({
    code: 'lesson-needs-toolchain',
    title: `The coordinator compiles no ${guest.language}`,
    detail: `${guest.source} must be built where its compiler is.`,
    status: 0,
  });
}

/** By the names that the example uses. */
export async function codesOf(example: Example<unknown>): Promise<ReadonlyMap<string, string>> {
  const entries = Object.entries(example.guests).map(async ([name, guest]) => [name, await codeOf(guest)] as const);
  return new Map(await Promise.all(entries));
}

/** Not a hash to trust, only one that tells one lesson's text from another's in the name of a dataset. */
function nameOf(name: string, text: string): string {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return `lesson_${name}_${hash.toString(16).padStart(8, '0')}`;
}

/** Datasets by the names that the example's plans use -> the names that they have on the coordinator. */
export async function inputsOf(example: Example<unknown>): Promise<ReadonlyMap<string, string>> {
  await refreshDatasets();
  const there = new Set(datasets.value.map(({ name }) => name));
  const names = new Map<string, string>();
  for (const [name, input] of Object.entries(example.inputs)) {
    const text = typeof input === 'string' ? undefined : input();
    const dataset = typeof input === 'string' ? input : nameOf(name, text ?? '');
    names.set(name, dataset);
    if (there.has(dataset)) continue;
    if (text === undefined) throw needs(dataset);
    await grid.datasets.upload(dataset, new Blob([text]), { format: 'csv' });
  }
  return names;
}

function needs(dataset: string): ProblemError {
  return new ProblemError({
    code: 'lesson-needs-dataset',
    title: `This lesson needs the dataset ${dataset}`,
    detail: 'It comes with the project, and is not on this coordinator yet.',
    status: 0,
    hint: `Add ${FILES[dataset] ?? dataset} as ${dataset} on the dashboard.`,
  });
}

const FILES: { readonly [dataset: string]: string } = {
  flights: 'node_modules/vega-datasets/data/flights-3m.parquet',
  airports: 'node_modules/vega-datasets/data/airports.csv',
};
