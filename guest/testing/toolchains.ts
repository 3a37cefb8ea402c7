/** Compilers that may or may not be on this machine. Tests that need one that is not are skipped, by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const GUEST_FOLDER = resolve(import.meta.dirname, '..');

const VERSIONS = ['', '-19', '-18', '-17', '-16', '-15', '-14'];

function commandNamed(name: string): string | undefined {
  return VERSIONS.map((version) => `${name}${version}`).find((command) => spawnSync(command, ['--version']).status === 0);
}

export interface Toolchain {
  readonly name: string;
  /** Undefined: installed. Else what is missing. */
  readonly missing: string | undefined;
}

/** What a skipped test is called. */
export const skipName = ({ missing }: Toolchain): string => `skipped: ${missing} is not installed`;

const clang = commandNamed('clang');
const linker = commandNamed('wasm-ld');
const SYSROOTS = ['/usr/include/wasm32-wasi', '/opt/wasi-sdk/share/wasi-sysroot'];

export const C_BATCH: Toolchain = {
  name: 'C',
  missing: clang === undefined ? 'clang' : linker === undefined ? 'wasm-ld (lld)' : undefined,
};
export const C_STREAM: Toolchain = {
  name: 'C with WASI',
  missing: C_BATCH.missing ?? (SYSROOTS.some(existsSync) ? undefined : 'wasi-libc'),
};

const outFile = (): string => join(mkdtempSync(join(tmpdir(), 'muster-guest-')), 'guest.wasm');

function run(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
  execFileSync(command, args, { stdio: 'pipe', ...options, env: { ...process.env, ...options.env } });
}

const compiled = (path: string): WebAssembly.Module => new WebAssembly.Module(readFileSync(path));

/** guest/c/FILE as a batch guest: without a C library. */
export function buildCBatch(file: string): WebAssembly.Module {
  const out = outFile();
  const flags = [
    '--target=wasm32',
    '-nostdlib',
    '-O3',
    '-msimd128',
    '-mbulk-memory',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wl,--no-entry',
  ];
  run(clang as string, [...flags, `-fuse-ld=${linkerPath()}`, '-o', out, join(GUEST_FOLDER, 'c', file)]);
  return compiled(out);
}

/** guest/c/FILE as a WASI command. */
export function buildCStream(file: string): WebAssembly.Module {
  const out = outFile();
  const system = existsSync(SYSROOTS[0] as string)
    ? ['--sysroot=/usr', '-isystem', SYSROOTS[0] as string]
    : [`--sysroot=${SYSROOTS[1]}`];
  const flags = ['--target=wasm32-wasi', ...system, '-O3', '-Wall', '-Wextra', '-Werror'];
  run(clang as string, [...flags, `-fuse-ld=${linkerPath()}`, '-o', out, join(GUEST_FOLDER, 'c', file)]);
  return compiled(out);
}

const linkerPath = (): string => execFileSync('which', [linker as string], { encoding: 'utf8' }).trim();

const GO_LEAST = [1, 24] as const;

function goMissing(): string | undefined {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  const version = status === 0 ? /go(\d+)\.(\d+)/.exec(stdout) : null;
  if (version === null) return 'go';
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const ok = major > GO_LEAST[0] || (major === GO_LEAST[0] && minor >= GO_LEAST[1]);
  return ok ? undefined : `go ${GO_LEAST.join('.')} (${version[0]} is)`;
}

export const GO: Toolchain = { name: 'Go', missing: goMissing() };

/** A package of guest/go. `library`: a batch guest; else a command. */
export function buildGo(folder: string, kind: 'library' | 'command'): WebAssembly.Module {
  const out = outFile();
  const mode = kind === 'library' ? ['-buildmode=c-shared'] : [];
  run('go', ['build', ...mode, '-ldflags=-s -w', '-o', out, `./${folder}`], {
    cwd: join(GUEST_FOLDER, 'go'),
    env: { GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '-mod=mod', GOPROXY: 'off' },
  });
  return compiled(out);
}
