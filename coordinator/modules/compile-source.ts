/** AssemblyScript to WASM, with no file but the author's source, the SDK and the standard library (which the compiler has in itself). */
import asc from 'assemblyscript/asc';
import { ascArguments } from '../../shared/guest/assemblyscript-build.ts';
import type { CompileAnswer, CompileRequest, Diagnostic } from './compile-protocol.ts';

export const SOURCE_FILE = 'module.ts';
const SDK_FILE = 'muster.ts';
const WASM_FILE = 'module.wasm';

/** `import ... from 'muster'` is the same module as './muster': the compiler looks for packages here. */
const PACKAGE_FILE = 'node_modules/muster/index.ts';
const PACKAGE = "export * from '../../muster';";

/** `Element 'muster/abort' not found`: what the compiler says, without a place, of a module that does not import the SDK. */
const ELEMENT_NOT_FOUND = 111;

/** As far as the compiler's diagnostics are used here. */
interface AscDiagnostic {
  readonly category: number;
  readonly code: number;
  readonly message: string;
  readonly range?: {
    readonly start: number;
    readonly end: number;
    readonly source: { readonly normalizedPath: string };
  } | null;
}

const SEVERITIES: readonly Diagnostic['severity'][] = ['info', 'info', 'warning', 'error'];

function positionIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - (before.lastIndexOf('\n') + 1) + 1 };
}

/** `texts`: of the files that an author can see, by the names that the compiler has for them. */
function diagnosticOf({ category, code, message, range }: AscDiagnostic, texts: Readonly<Record<string, string>>): Diagnostic {
  const said = { severity: SEVERITIES[category] ?? 'error', code };
  if (!range) {
    const noSdk = code === ELEMENT_NOT_FOUND && message.includes('muster/abort');
    const text =
      "The module does not import Muster's SDK: begin with export { muster1_abi, muster1_alloc, muster1_free } from 'muster';";
    return { ...said, message: noSdk ? text : unreachableFile(code, message) };
  }
  const file = range.source.normalizedPath;
  const described = { ...said, message: unreachableFile(code, message), file };
  const text = Object.hasOwn(texts, file) ? texts[file] : undefined;
  if (text === undefined) return described;
  const to = positionIn(text, range.end);
  return { ...described, ...positionIn(text, range.start), endLine: to.line, endColumn: to.column };
}

const FILE_NOT_FOUND = 6054;

function unreachableFile(code: number, message: string): string {
  return code === FILE_NOT_FOUND
    ? `${message} A module may import 'muster' and nothing else; put all its code into one file.`
    : message;
}

export async function compileSource(request: CompileRequest): Promise<CompileAnswer> {
  const files: Readonly<Record<string, string>> = {
    [SOURCE_FILE]: request.source,
    [SDK_FILE]: request.sdk,
    [PACKAGE_FILE]: PACKAGE,
  };
  const diagnostics: Diagnostic[] = [];
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(ascArguments({ source: SOURCE_FILE, outFile: WASM_FILE, sdk: SDK_FILE }), {
    readFile: (name) => (Object.hasOwn(files, name) ? (files[name] as string) : null),
    listFiles: () => [],
    writeFile: (name, contents) => {
      if (name === WASM_FILE && typeof contents !== 'string') wasm = contents;
    },
    reportDiagnostic: (diagnostic) => {
      if (diagnostics.length < request.diagnosticsMax)
        diagnostics.push(diagnosticOf(diagnostic as unknown as AscDiagnostic, files));
    },
  });
  if (error !== null || wasm === undefined) {
    if (diagnostics.some(({ severity }) => severity === 'error')) return { type: 'refused', diagnostics };
    const said = error?.message ?? stderr.toString();
    return { type: 'compiler-failed', message: said.split('\n')[0]?.slice(0, 500) ?? '' };
  }
  if (wasm.length > request.wasmBytesMax) return { type: 'wasm-too-large', wasmBytes: wasm.length };
  return { type: 'compiled', wasm, diagnostics };
}
