/** The compiler of authors' sources: what it makes, what it says, and how it is ended. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admitModule } from '../../shared/guest/admission.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type CompileOutcome, type CompilerOptions, ModuleCompiler } from './compiler.ts';
import { bundledCompileChild } from './testing/bundle-child.ts';

let childEntry: URL;
let compiler: ModuleCompiler;

beforeAll(async () => {
  childEntry = await bundledCompileChild();
  compiler = new ModuleCompiler({ childEntry });
});
afterAll(() => compiler.close());

const ABI = "export { muster1_abi, muster1_alloc, muster1_free } from 'muster';\n";
const GOOD = `${ABI}import { BATCH, Batch, Output } from 'muster';
export function muster1_double(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const x = new Batch(schema, array).child(0);
  const out = new Output();
  const y = out.add('y', 'g');
  for (let row = 0; row < x.length; row++) y.push<f64>(2.0 * x.get<f64>(row));
  out.emit();
  return 0;
}
`;

const failureOf = (outcome: CompileOutcome): CompileOutcome & { ok: false } => {
  if (outcome.ok) throw new Error('it compiled');
  return outcome;
};

async function withCompiler(options: CompilerOptions, use: (other: ModuleCompiler) => Promise<void>): Promise<void> {
  const other = new ModuleCompiler({ childEntry, ...options });
  try {
    await use(other);
  } finally {
    await other.close();
  }
}

/** 2^40 functions, by types that double at every level: the compiler never gets to the end of them. */
const ENDLESS = `${ABI}class A<T> {}
class B<T> {}
function f0<T>(): void {}
${Array.from({ length: 40 }, (_, i) => `function f${i + 1}<T>(): void { f${i}<A<T>>(); f${i}<B<T>>(); }`).join('\n')}
export function muster1_f(e: i32, s: usize, a: usize): i32 { f40<i32>(); return 0; }
`;

/** Generics without an end at all. */
const BOTTOMLESS = `${ABI}class A<T> {}
function f<T>(n: i32): i32 { return n > 0 ? f<A<T>>(n - 1) : 0; }
export function muster1_f(e: i32, s: usize, a: usize): i32 { return f<i32>(e); }
`;

describe('what it makes', () => {
  test('a module that imports the SDK, as a package or as a file', async () => {
    for (const source of [GOOD, GOOD.replaceAll("'muster'", "'./muster'")]) {
      const outcome = await compiler.compile(source);
      if (!outcome.ok) throw new Error(outcome.detail);
      expect(admitModule(outcome.wasm)).toMatchObject({ ok: true, module: { abi: 'batch', functions: ['double'] } });
    }
  });

  test('the same bytes for the same source', async () => {
    const [first, second] = await Promise.all([compiler.compile(GOOD), compiler.compile(GOOD)]);
    expect(first.ok && second.ok && Buffer.compare(first.wasm, second.wasm)).toBe(0);
  });
});

describe('what it says', () => {
  test('syntax errors by line and column', async () => {
    const outcome = failureOf(await compiler.compile(`${ABI}export function f(a: i32): i32 {\n  return a + ;\n}\n`));
    expect(outcome).toMatchObject({ problem: 'source-invalid', detail: 'Expression expected at line 3, column 14' });
    expect(outcome.diagnostics).toEqual([
      {
        severity: 'error',
        code: 1109,
        message: 'Expression expected.',
        file: 'module.ts',
        line: 3,
        column: 14,
        endLine: 3,
        endColumn: 15,
      },
    ]);
  });

  test('type errors by line and column, several at once', async () => {
    const source = `${ABI}export function f(): i32 {\n  const s: string = 5;\n\treturn nope;\n}\n`;
    const outcome = failureOf(await compiler.compile(source));
    expect(outcome.diagnostics.map(({ line, column, file }) => [file, line, column])).toEqual([
      ['module.ts', 3, 21],
      ['module.ts', 4, 9],
    ]);
    expect(outcome.detail).toContain("Type 'i32' is not assignable to type '~lib/string/String' at line 3");
    expect(outcome.detail).toContain('(and 1 more)');
  });

  test('an import of a file is refused, whatever way it is written', async () => {
    for (const path of [
      '../../etc/passwd',
      '/etc/passwd',
      './package.json',
      'assemblyscript',
      '../shared/limits',
      '~lib/../../x',
    ]) {
      const outcome = failureOf(await compiler.compile(`${GOOD}import { x } from '${path}';\nexport const y = x;\n`));
      expect(outcome.problem).toBe('source-invalid');
      const refusal = outcome.diagnostics.find(({ message }) => /not found.*'muster' and nothing else/.test(message));
      // The compiler has no place for a path out of its library.
      const line = path.startsWith('~lib') ? undefined : GOOD.split('\n').length;
      expect([path, refusal?.line]).toEqual([path, line]);
    }
  });

  test('a module without the SDK is told what it lacks', async () => {
    const outcome = failureOf(await compiler.compile('export function f(): i32 { return 1; }'));
    expect(outcome.detail).toContain("does not import Muster's SDK");
  });

  test('no more diagnostics than anybody reads', async () => {
    const many = Array.from({ length: 2 * LIMITS.compileDiagnostics }, (_, i) => `export const v${i}: i32 = none${i};`).join(
      '\n',
    );
    expect(failureOf(await compiler.compile(ABI + many)).diagnostics).toHaveLength(LIMITS.compileDiagnostics);
  });
});

describe('its bounds', () => {
  test('compileSourceBytes: a source over the limit', async () => {
    const long = `// ${'é'.repeat(LIMITS.compileSourceBytes / 2)}`;
    expect(failureOf(await compiler.compile(long)).problem).toBe('source-too-large');
    expect(compiler.childPid).toBeUndefined();
  });

  test('compileMs: an endless compile is ended at its deadline, and the next one goes on', async () => {
    await withCompiler({ timeoutMs: 3_000, memoryBytesMax: 8 * 2 ** 30 }, async (other) => {
      const began = performance.now();
      const late = other.compile(ENDLESS);
      const next = other.compile(`${ABI}export const x = ;`);
      expect(failureOf(await late).problem).toBe('compile-deadline');
      expect(performance.now() - began).toBeLessThan(6_000);
      // A child that starts has 3 s too: on a busy machine that may be too few, but not for this reason alone.
      expect(['source-invalid', 'compile-deadline']).toContain(failureOf(await next).problem);
    });
  });

  test('generics without an end overflow the compiler, which says so', async () => {
    const outcome = failureOf(await compiler.compile(BOTTOMLESS));
    expect(outcome).toMatchObject({ problem: 'compiler-failed', hint: expect.stringContaining('generics') });
  });

  test('compileMemoryBytes: a compile that fills the memory is ended', async () => {
    await withCompiler({ timeoutMs: 25_000, memoryBytesMax: 256 * 2 ** 20 }, async (other) => {
      expect(failureOf(await other.compile(ENDLESS)).problem).toBe('compile-memory');
    });
  });

  test('a module larger than modules may be', async () => {
    await withCompiler({ wasmBytesMax: 1_000 }, async (other) => {
      expect(failureOf(await other.compile(GOOD)).problem).toBe('module-too-large');
    });
  });

  test('compilesQueued: more than may wait', async () => {
    await withCompiler({ queuedMax: 2, childEntry: new URL('./none.mjs', import.meta.url) }, async (other) => {
      const outcomes = await Promise.all([1, 2, 3].map(() => other.compile(GOOD)));
      expect(outcomes.map((outcome) => failureOf(outcome).problem)).toEqual([
        'compiler-failed',
        'compiler-failed',
        'compiler-busy',
      ]);
      expect(failureOf(await other.compile(GOOD)).problem).toBe('compiler-failed');
    });
  });

  test('closing ends what runs', async () => {
    const other = new ModuleCompiler({ childEntry });
    const running = other.compile(ENDLESS);
    await expect.poll(() => other.childPid).toBeDefined();
    await other.close();
    expect(failureOf(await running).ok).toBe(false);
    expect(failureOf(await other.compile(GOOD)).problem).toBe('compiler-failed');
  });
});
