/** Compilers that may or may not be on this machine. Tests that need one that is not are skipped, by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compileBytes } from './compile-bytes.ts';

/** The folder guest/: seen from here, or from a bench that is built into dist/node. */
export const GUEST_FOLDER = ['..', '../../guest']
  .map((path) => resolve(import.meta.dirname, path))
  .find((folder) => existsSync(join(folder, 'SPEC.md'))) as string;

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

/** What `build` writes to the path it is given; nothing of it stays on disk. */
function bytesOf(build: (out: string) => void): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-guest-'));
  try {
    const out = join(folder, 'guest.wasm');
    build(out);
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
  execFileSync(command, args, { stdio: 'pipe', ...options, env: { ...process.env, ...options.env } });
}

/** guest/c/FILE as a batch guest: without a C library. The bytes of what was built, as of the functions like it below. */
export function cBatchBytes(file: string): Uint8Array<ArrayBuffer> {
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
  const source = join(GUEST_FOLDER, 'c', file);
  return bytesOf((out) => run(clang as string, [...flags, `-fuse-ld=${linkerPath()}`, '-o', out, source]));
}

export const buildCBatch = (file: string): WebAssembly.Module => compileBytes(cBatchBytes(file));

/** guest/c/FILE as a WASI command. */
export function cStreamBytes(file: string): Uint8Array<ArrayBuffer> {
  const system = existsSync(SYSROOTS[0] as string)
    ? ['--sysroot=/usr', '-isystem', SYSROOTS[0] as string]
    : [`--sysroot=${SYSROOTS[1]}`];
  const flags = ['--target=wasm32-wasi', ...system, '-O3', '-Wall', '-Wextra', '-Werror'];
  const source = join(GUEST_FOLDER, 'c', file);
  return bytesOf((out) => run(clang as string, [...flags, `-fuse-ld=${linkerPath()}`, '-o', out, source]));
}

export const buildCStream = (file: string): WebAssembly.Module => compileBytes(cStreamBytes(file));

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

/** A package of guest/go, or of another module's folder. `library`: a batch guest; else a command. */
export function goBytes(folder: string, kind: 'library' | 'command', module = join(GUEST_FOLDER, 'go')): Uint8Array<ArrayBuffer> {
  const mode = kind === 'library' ? ['-buildmode=c-shared'] : [];
  const env = { GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '-mod=mod', GOPROXY: 'off' };
  return bytesOf((out) => run('go', ['build', ...mode, '-ldflags=-s -w', '-o', out, `./${folder}`], { cwd: module, env }));
}

export const buildGo = (folder: string, kind: 'library' | 'command'): WebAssembly.Module => compileBytes(goBytes(folder, kind));

/** Debian's packages build the standard library from source; rustup brings it along. */
type Rust = { readonly cargo: string; readonly options: readonly string[]; readonly env: NodeJS.ProcessEnv };

const DEBIAN = { rustc: '/usr/bin/rustc', cargo: '/usr/bin/cargo', wasi: '/usr/lib/wasm32-wasi' };

function debianRust(target: string): Rust | undefined {
  const source = existsSync('/usr/src') ? readdirSync('/usr/src').find((name) => name.startsWith('rustc-')) : undefined;
  const lld = ['22', '21', '20', '19'].map((version) => `/usr/bin/wasm-ld-${version}`).find(existsSync);
  if (source === undefined || lld === undefined || !existsSync(DEBIAN.cargo)) return undefined;
  const wasi = target === 'wasm32-wasip1';
  if (wasi && !existsSync(DEBIAN.wasi)) return undefined;
  const flags = wasi
    ? ['-Clink-self-contained=no', `-Clink-arg=${DEBIAN.wasi}/crt1-command.o`, `-L${DEBIAN.wasi}`]
    : ['-Ctarget-feature=+simd128'];
  const config = [
    'source.crates-io.replace-with="vendored"',
    `source.vendored.directory="/usr/src/${source}/library/vendor"`,
    `target.${target}.linker="${lld}"`,
    `target.${target}.rustflags=${JSON.stringify(flags)}`,
  ];
  return {
    cargo: DEBIAN.cargo,
    options: ['-Zbuild-std=std,panic_abort', ...config.flatMap((line) => ['--config', line])],
    env: { RUSTC: DEBIAN.rustc, RUSTC_BOOTSTRAP: '1' },
  };
}

function rustFor(target: string): Rust | undefined {
  const { status, stdout } = spawnSync('rustc', ['--print', 'target-libdir', '--target', target], { encoding: 'utf8' });
  if (status === 0 && existsSync(stdout.trim())) return { cargo: 'cargo', options: [], env: {} };
  return debianRust(target);
}

const RUST_TARGETS = { library: 'wasm32-unknown-unknown', command: 'wasm32-wasip1' } as const;
const missingRust = (target: string): string | undefined => (rustFor(target) === undefined ? `rust for ${target}` : undefined);

export const RUST_BATCH: Toolchain = { name: 'Rust', missing: missingRust(RUST_TARGETS.library) };
export const RUST_STREAM: Toolchain = { name: 'Rust with WASI', missing: missingRust(RUST_TARGETS.command) };

/** An example (a batch guest) or a program of guest/rust. Where the standard library is built too, the first time takes a minute. */
export function rustBytes(name: string, kind: 'library' | 'command'): Uint8Array<ArrayBuffer> {
  const target = RUST_TARGETS[kind];
  const rust = rustFor(target);
  if (rust === undefined) throw new Error(`rust for ${target} is not installed`);
  const folder = join(tmpdir(), 'muster-guest-rust');
  const what = kind === 'library' ? ['--example', name] : ['--bin', name];
  run(rust.cargo, ['build', '--release', '--target', target, '--target-dir', folder, ...rust.options, ...what], {
    cwd: join(GUEST_FOLDER, 'rust'),
    env: rust.env,
  });
  return new Uint8Array(readFileSync(join(folder, target, 'release', kind === 'library' ? 'examples' : '', `${name}.wasm`)));
}

export const buildRust = (name: string, kind: 'library' | 'command'): WebAssembly.Module => compileBytes(rustBytes(name, kind));
