import { expect, test } from 'vitest';
import { GuestModule, ProblemError } from '../../client/index.ts';
import { CompiledSources } from './compiled.ts';

const moduleOf = (digest: string): GuestModule =>
  new GuestModule({ digest, abi: 'batch', functions: [], bytes: 0, owner: 'local', createdAtMs: 0 });

/** A coordinator that keeps modules until they are deleted. */
function coordinator() {
  const there = new Set<string>();
  const compiled: string[] = [];
  const modules = {
    async compile(source: string) {
      compiled.push(source);
      if (source === 'wrong') throw new ProblemError({ code: 'source-invalid', title: '', detail: '', status: 400 });
      there.add(`digest of ${source}`);
      return moduleOf(`digest of ${source}`);
    },
    async get(digest: string) {
      if (!there.has(digest)) throw new ProblemError({ code: 'module-not-found', title: '', detail: '', status: 404 });
      return moduleOf(digest);
    },
  };
  return { there, compiled, sources: new CompiledSources(() => modules) };
}

test('a source is compiled once, also when it is asked for twice at once', async () => {
  const { compiled, sources } = coordinator();
  const asked = ['a', 'a', 'b', 'a'].map((source) => sources.digestOf(source, 'mine'));
  expect(await Promise.all(asked)).toEqual(['digest of a', 'digest of a', 'digest of b', 'digest of a']);
  expect(compiled).toEqual(['a', 'b']);
});

test('a module that the coordinator no longer has is made again', async () => {
  const { there, compiled, sources } = coordinator();
  await sources.digestOf('a', 'mine');
  there.clear();
  expect(await sources.digestOf('a', 'mine')).toBe('digest of a');
  expect(await sources.digestOf('a', 'mine')).toBe('digest of a');
  expect(compiled).toEqual(['a', 'a']);
});

test('what does not compile is tried again', async () => {
  const { compiled, sources } = coordinator();
  for (let i = 0; i < 2; i++) await expect(sources.digestOf('wrong', 'mine')).rejects.toThrow(ProblemError);
  expect(compiled).toEqual(['wrong', 'wrong']);
});

test('only so many are remembered, those asked for last', async () => {
  const { compiled, sources } = coordinator();
  for (let i = 0; i < 50; i++) await sources.digestOf(`${i}`, 'mine');
  await sources.digestOf('0', 'mine');
  await sources.digestOf('new', 'mine');
  await sources.digestOf('0', 'mine');
  expect(compiled).toHaveLength(51);
  await sources.digestOf('1', 'mine');
  expect(compiled).toHaveLength(52);
});
