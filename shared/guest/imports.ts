/**
 * The functions that a guest may import, with their types: parameters and results as letters, `i` i32, `I` i64, `f` f32, `F` f64.
 * WASI: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
import { BATCH_MODULE, WASI_MODULE } from './abi.ts';

const BATCH: Readonly<Record<string, string>> = {
  emit: 'iii:',
  log: 'iii:',
  fail: 'ii:',
  progress: 'F:',
  add: 'iiF:',
};

const WASI: Readonly<Record<string, string>> = {
  args_get: 'ii:i',
  args_sizes_get: 'ii:i',
  clock_res_get: 'ii:i',
  clock_time_get: 'iIi:i',
  environ_get: 'ii:i',
  environ_sizes_get: 'ii:i',
  fd_advise: 'iIIi:i',
  fd_allocate: 'iII:i',
  fd_close: 'i:i',
  fd_datasync: 'i:i',
  fd_fdstat_get: 'ii:i',
  fd_fdstat_set_flags: 'ii:i',
  fd_fdstat_set_rights: 'iII:i',
  fd_filestat_get: 'ii:i',
  fd_filestat_set_size: 'iI:i',
  fd_filestat_set_times: 'iIIi:i',
  fd_pread: 'iiiIi:i',
  fd_prestat_dir_name: 'iii:i',
  fd_prestat_get: 'ii:i',
  fd_pwrite: 'iiiIi:i',
  fd_read: 'iiii:i',
  fd_readdir: 'iiiIi:i',
  fd_renumber: 'ii:i',
  fd_seek: 'iIii:i',
  fd_sync: 'i:i',
  fd_tell: 'ii:i',
  fd_write: 'iiii:i',
  path_create_directory: 'iii:i',
  path_filestat_get: 'iiiii:i',
  path_filestat_set_times: 'iiiiIIi:i',
  path_link: 'iiiiiii:i',
  path_open: 'iiiiiIIii:i',
  path_readlink: 'iiiiii:i',
  path_remove_directory: 'iii:i',
  path_rename: 'iiiiii:i',
  path_symlink: 'iiiii:i',
  path_unlink_file: 'iii:i',
  poll_oneoff: 'iiii:i',
  proc_exit: 'i:',
  proc_raise: 'i:i',
  random_get: 'ii:i',
  sched_yield: ':i',
  sock_accept: 'iii:i',
  sock_recv: 'iiiiii:i',
  sock_send: 'iiiii:i',
  sock_shutdown: 'ii:i',
};

export const WASI_FUNCTIONS: readonly string[] = Object.keys(WASI);

/** The type that an import must have; undefined for one that no guest may import. */
export function importSignature(module: string, name: string): string | undefined {
  const table = module === BATCH_MODULE ? BATCH : module === WASI_MODULE ? WASI : {};
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What to do about imports that people meet often. */
export function importHint(module: string, name: string): string {
  if (module === 'env' && ['abort', 'seed', 'trace', 'console.log'].includes(name)) {
    return 'AssemblyScript: compile with --use abort=FILE/abort (FILE: the SDK without its ending), and take random numbers from the SDK.';
  }
  if (module === 'env' && name === 'memory') return 'Define the memory in the module and export it: leave out --import-memory.';
  if (module.startsWith('wasi:') || module === 'wasi_unstable') return 'Compile for WASI preview 1 (wasm32-wasip1).';
  if (module === 'gojs' || module === 'go') return 'Go: compile with GOOS=wasip1, not GOOS=js.';
  if (module === 'wbg' || module.startsWith('__wbindgen'))
    return 'Rust: compile without wasm-bindgen, for wasm32-unknown-unknown or wasm32-wasip1.';
  if (module === 'env') return 'The linker found no definition of it: link the library that has it, or leave the call out.';
  return `Guests import only emit, log, fail, progress and add of ${BATCH_MODULE}, and functions of ${WASI_MODULE}.`;
}
