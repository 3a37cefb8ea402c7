/** The code box: its draft, and one run of it from the compiler to the job. */
import { computed, signal } from '@preact/signals';
import { ProblemError, type SourceDiagnostic } from '../../../client/index.ts';
import { author, compiledSources, datasets, lines } from '../live.ts';
import { ask, dismissError, query } from '../query-model.ts';
import { type Draft, type DraftProblem, functionOf, plan, sqlOfRelation } from './draft.ts';
import { SAMPLES, STARTS, withoutForeignQuestion } from './samples.ts';

export const draft = signal<Draft>(SAMPLES[0].draft);
/** What the compiler says of the source as it was when it was last compiled. */
export const diagnostics = signal<readonly SourceDiagnostic[]>([]);
/** What is missing in the draft; found before anything is sent. */
export const missing = signal<DraftProblem | undefined>(undefined);
export const compiling = signal(false);
export const samples = computed(() => {
  const names = new Set(datasets.value.map(({ name }) => name));
  return SAMPLES.map((sample) => ({ sample, ready: sample.needs.every((name) => names.has(name)) }));
});

/** What guests logged in the job that is shown, each task's end of it. */
export const logs = computed(() => {
  const now = query.value;
  const jobId = 'jobId' in now ? now.jobId : undefined;
  if (jobId === undefined) return [];
  return lines.value.filter((line) => line.what === 'guestLogged' && line.detail?.jobId === jobId);
});

export function edit(change: Partial<Draft>): void {
  draft.value = withoutForeignQuestion({ ...draft.value, ...change });
  missing.value = undefined;
  if (change.source !== undefined) diagnostics.value = [];
}

/** Code that its author wrote stays; code that nobody touched gives way to the other language's. */
export function setLanguage(language: Draft['language']): void {
  const { source } = draft.value;
  const untouched =
    source.trim() === '' || Object.values(STARTS).includes(source) || SAMPLES.some((s) => s.draft.source === source);
  edit({
    language,
    functionName: '',
    ...(untouched && { source: STARTS[language], schema: language === 'javascript' ? 'x DOUBLE, square DOUBLE' : '' }),
  });
}

/** In the author's own file; the SDK's and the library's lines mean nothing in the box. */
export function own({ file, line }: SourceDiagnostic): boolean {
  return line !== undefined && (file === undefined || file === 'module.ts');
}

async function compiled(source: string, name: string): Promise<string> {
  compiling.value = true;
  try {
    return await compiledSources.digestOf(source, name);
  } catch (error) {
    if (error instanceof ProblemError) diagnostics.value = error.diagnostics;
    throw error;
  } finally {
    compiling.value = false;
  }
}

export async function runCode(): Promise<void> {
  const now = draft.value;
  const planned = plan(now);
  missing.value = planned.ok ? undefined : planned;
  diagnostics.value = [];
  // What an earlier run ended with has nothing to do with what is missing now.
  if (!planned.ok) return dismissError();
  const functionName = functionOf(now) ?? '';
  const language = now.language === 'javascript' ? 'JavaScript' : 'AssemblyScript';
  const name = `${now.operation} with ${functionName} (${language})`;
  await ask({
    sql: name,
    isSql: false,
    submit: async () => {
      const module = now.language === 'assemblyscript' ? await compiled(now.source, functionName) : '';
      return author.submit(planned.plan(module), { name });
    },
    sqlOf: ({ relation }) => sqlOfRelation(now, relation),
  });
}
