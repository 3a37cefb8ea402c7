/**
 * Decides whether a module may run on the grid, and under which limits, without compiling or running it (SPEC.md, B-60 and
 * following). Called before a module is stored, and again in the tab. The result of an admitted module is another module: its memory and tables have a
 * maximum, and custom sections but the function names are gone. Admitting it again changes nothing.
 */
import { LIMITS } from '../limits.ts';
import { BATCH_MODULE, BATCH_PREFIX, FUNCTION_NAME, type GuestAbi, RESERVED_NAMES, WASI_MODULE, WASM_PAGE_BYTES } from './abi.ts';
import { AdmissionError, type AdmissionProblem } from './admission-problem.ts';
import { leb } from './binary-reader.ts';
import { type Feature, REFUSED } from './features.ts';
import { importHint, importSignature } from './imports.ts';
import { type Export, type FeatureSite, type Limits, type Outline, readOutline, type Table } from './outline.ts';
import { SECTION, type Section } from './sections.ts';

export interface AdmissionPolicy {
  readonly moduleBytesMax: number;
  readonly memoryBytesMax: number;
  readonly tablesMax: number;
  readonly tableEntriesMax: number;
  /** Exceptions in the legacy encoding, which all browsers have. */
  readonly exceptions: boolean;
}

export const DEFAULT_POLICY: AdmissionPolicy = {
  moduleBytesMax: LIMITS.guestModuleBytes,
  memoryBytesMax: LIMITS.guestMemoryBytes,
  tablesMax: 8,
  tableEntriesMax: 1_048_576,
  exceptions: true,
};

export interface AdmittedModule {
  readonly abi: GuestAbi;
  /** The user functions of a batch guest, sorted; a stream guest has none. */
  readonly functions: readonly string[];
  /** The module that may run. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly memoryBytesMax: number;
  /** Features beyond the first version of WebAssembly that it uses, sorted. */
  readonly features: readonly Feature[];
  /** `module.name` of each import, sorted. */
  readonly imports: readonly string[];
}

export type Admission =
  | { readonly ok: true; readonly module: AdmittedModule }
  | { readonly ok: false; readonly problem: AdmissionProblem };

/** Never throws for bad bytes. Time is linear in their number. */
export function admitModule(bytes: Uint8Array, policy: AdmissionPolicy = DEFAULT_POLICY): Admission {
  try {
    return { ok: true, module: admit(bytes, policy) };
  } catch (error) {
    if (error instanceof AdmissionError) return { ok: false, problem: error.problem };
    throw error;
  }
}

function refuse(problem: AdmissionProblem): never {
  throw new AdmissionError(problem);
}

const mib = (bytes: number): string => `${Math.round((bytes / 1048576) * 10) / 10} MiB`;

function admit(bytes: Uint8Array, policy: AdmissionPolicy): AdmittedModule {
  checkHeader(bytes, policy);
  const outline = readOutline(bytes, (feature, site) => judge(feature, site, policy));
  checkImports(outline);
  const abi = abiOf(outline);
  const functions = abi === 'batch' ? batchFunctions(outline) : streamFunctions(outline);
  const memory = checkMemory(outline, policy);
  checkTables(outline, policy);
  return {
    abi,
    functions,
    bytes: rewrite(bytes, outline, memory, policy),
    memoryBytesMax: (memory.max ?? 0) * WASM_PAGE_BYTES,
    features: [...outline.features].sort(),
    imports: outline.imports.map((i) => `${i.module}.${i.name}`).sort(),
  };
}

function checkHeader(bytes: Uint8Array, policy: AdmissionPolicy): void {
  if (bytes.length > policy.moduleBytesMax) {
    refuse({
      code: 'too-large',
      message: `the module has ${mib(bytes.length)}, ${mib(policy.moduleBytesMax)} are the most`,
      hint: 'Compile for size and without debug information (clang: -Os -Wl,--strip-debug; rustc: -C strip=debuginfo; wasm-opt -Oz).',
    });
  }
  const magic = bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
  if (!magic || bytes.length < 8) {
    refuse({
      code: 'malformed',
      message: 'the bytes are no WebAssembly module',
      hint: 'Upload a .wasm file, not its text form.',
    });
  }
  if (bytes[6] === 1) {
    const hint = 'Upload the core module: compile for wasm32-wasip1, or leave out the component step.';
    refuse({ code: 'component', message: 'the bytes are a WebAssembly component, not a core module', hint });
  }
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    const hint = 'Compile with a toolchain that writes version 1.';
    refuse({ code: 'malformed', message: 'the module has an unknown version of the format', hint, offset: 4 });
  }
}

function judge(feature: Feature, { at, function: index }: FeatureSite, policy: AdmissionPolicy): void {
  if (feature === 'exceptions' && policy.exceptions) return;
  const refused = REFUSED[feature];
  if (refused === undefined) return;
  const where = index === undefined ? `at byte ${at}` : `in function ${index}, at byte ${at}`;
  const site = { offset: at, ...(index === undefined ? {} : { function: index }) };
  refuse({ code: 'feature', message: `the module uses ${refused.name}: ${where}`, hint: refused.hint, ...site });
}

const KINDS = ['function', 'table', 'memory', 'global', 'tag'];

function checkImports(outline: Outline): void {
  for (const { module, name, kind, signature, at } of outline.imports) {
    const expected = kind === 0 ? importSignature(module, name) : undefined;
    if (expected === undefined) {
      const message = `the module imports the ${KINDS[kind] ?? 'thing'} ${module}.${name}, which no guest gets`;
      refuse({ code: 'import', message, hint: importHint(module, name), offset: at });
    }
    if (expected !== signature) {
      const message = `the module imports ${module}.${name} as ${typeText(signature)}, it is ${typeText(expected)}`;
      refuse({ code: 'import', message, hint: 'Declare it as guest/SPEC.md says, or use the SDK.', offset: at });
    }
  }
}

/** `iii:i` as `(i32, i32, i32) -> i32`. */
function typeText(signature: string): string {
  const [parameters = '', results = ''] = signature.split(':');
  const name = (letter: string): string => ({ i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128' })[letter] ?? 'a reference';
  const list = (letters: string): string => [...letters].map(name).join(', ');
  return `(${list(parameters)}) -> ${results.length === 1 ? list(results) : `(${list(results)})`}`;
}

const exportOf = (outline: Outline, name: string): Export | undefined => outline.exports.find((e) => e.name === name);

function abiOf(outline: Outline): GuestAbi {
  if (exportOf(outline, `${BATCH_PREFIX}abi`) !== undefined) return 'batch';
  if (outline.exports.some((e) => e.name.startsWith(BATCH_PREFIX))) {
    const message = `the module exports ${BATCH_PREFIX} functions but not ${BATCH_PREFIX}abi`;
    refuse({ code: 'no-abi', message, hint: 'Export what the SDK defines as well: abi, alloc and free.' });
  }
  if (exportOf(outline, '_start') !== undefined) return 'stream';
  return refuse({
    code: 'no-abi',
    message: `the module is no guest: it exports neither ${BATCH_PREFIX}abi nor _start`,
    hint: 'Use an SDK of guest/ for the batch ABI, or compile a program with a main function for WASI preview 1.',
  });
}

function expectFunction(outline: Outline, name: string, signature: string, optional = false): void {
  const found = exportOf(outline, name);
  if (found === undefined && optional) return;
  if (found?.kind === 0 && found.signature === signature) return;
  const is =
    found === undefined ? 'does not export it' : found.kind === 0 ? `has ${typeText(found.signature)}` : 'exports something else';
  const message = `${name} must be an exported function ${typeText(signature)}; the module ${is}`;
  refuse({ code: 'export', message, hint: 'Export it as guest/SPEC.md says, or use the SDK.' });
}

/** Names of the user functions. */
function batchFunctions(outline: Outline): string[] {
  expectFunction(outline, `${BATCH_PREFIX}abi`, ':i');
  expectFunction(outline, `${BATCH_PREFIX}alloc`, 'i:i');
  expectFunction(outline, `${BATCH_PREFIX}free`, 'ii:', true);
  expectFunction(outline, '_initialize', ':', true);
  const names = outline.exports.flatMap((e) => (e.name.startsWith(BATCH_PREFIX) ? [e.name.slice(BATCH_PREFIX.length)] : []));
  const functions = names.filter((name) => !RESERVED_NAMES.has(name)).sort();
  for (const name of functions) {
    if (!FUNCTION_NAME.test(name)) {
      const message = `${JSON.stringify(BATCH_PREFIX + name)} is no name for a function`;
      refuse({ code: 'export', message, hint: `Use letters, digits and _ after ${BATCH_PREFIX}, 64 at most.` });
    }
    expectFunction(outline, BATCH_PREFIX + name, 'iii:i');
  }
  if (functions.length === 0) {
    const hint = `Export a function ${BATCH_PREFIX}NAME(event, schema, array) -> i32.`;
    refuse({ code: 'export', message: 'the module has no user function', hint });
  }
  return functions;
}

function streamFunctions(outline: Outline): string[] {
  expectFunction(outline, '_start', ':');
  const batch = outline.imports.find((i) => i.module !== WASI_MODULE);
  if (batch !== undefined) {
    const message = `a program of the stream ABI imports ${batch.module}.${batch.name}`;
    refuse({
      code: 'import',
      message,
      hint: `Only batch guests, which export ${BATCH_PREFIX}abi, import from ${BATCH_MODULE}.`,
      offset: batch.at,
    });
  }
  return [];
}

/** The memory with its maximum set to what the policy allows. */
function checkMemory(outline: Outline, policy: AdmissionPolicy): Limits {
  const [memory, second] = outline.memories;
  const exported = exportOf(outline, 'memory');
  if (memory === undefined || exported?.kind !== 2) {
    const message = memory === undefined ? 'the module defines no memory' : 'the module does not export its memory as `memory`';
    return refuse({ code: 'memory', message, hint: 'Define one memory and export it as `memory`.' });
  }
  if (second !== undefined) judge('multi-memory', { at: second.at }, policy);
  const most = Math.floor(policy.memoryBytesMax / WASM_PAGE_BYTES);
  if (memory.min > most) {
    const message = `the module starts with ${mib(memory.min * WASM_PAGE_BYTES)} of memory, ${mib(most * WASM_PAGE_BYTES)} are the most`;
    const hint = 'Lower the initial memory (clang: -Wl,--initial-memory; asc: --initialMemory), or allocate when it is needed.';
    return refuse({ code: 'memory', message, hint, offset: memory.at });
  }
  return { ...memory, max: Math.min(memory.max ?? most, most) };
}

function checkTables({ tables }: Outline, policy: AdmissionPolicy): void {
  const large = tables.find((t) => t.limits.min > policy.tableEntriesMax);
  if (tables.length <= policy.tablesMax && large === undefined) return;
  const message =
    large === undefined
      ? `the module has ${tables.length} tables, ${policy.tablesMax} are the most`
      : `a table starts with ${large.limits.min} entries, ${policy.tableEntriesMax} are the most`;
  refuse({ code: 'table', message, hint: 'Use fewer and smaller tables.', ...(large ? { offset: large.limits.at } : {}) });
}

const sectionBytes = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body];
const limitBytes = (min: number, max: number): number[] => [1, ...leb(min), ...leb(max)];

function rewrite(bytes: Uint8Array, outline: Outline, memory: Limits, policy: AdmissionPolicy): Uint8Array<ArrayBuffer> {
  const tableBytes = ({ type, limits }: Table): number[] => {
    const max = Math.min(limits.max ?? policy.tableEntriesMax, policy.tableEntriesMax);
    return [type, ...limitBytes(limits.min, max)];
  };
  const part = (section: Section): ArrayLike<number> => {
    if (section.id === SECTION.CUSTOM && section.name !== 'name') return [];
    if (section.id === SECTION.TABLE)
      return sectionBytes(4, [...leb(outline.tables.length), ...outline.tables.flatMap(tableBytes)]);
    if (section.id === SECTION.MEMORY) return sectionBytes(5, [1, ...limitBytes(memory.min, memory.max ?? memory.min)]);
    return bytes.subarray(section.at, section.end);
  };
  const parts = [bytes.subarray(0, 8), ...outline.sections.map(part)];
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
