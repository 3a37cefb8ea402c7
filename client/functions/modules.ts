/** Guest modules: code in any language, as WASM that the coordinator has admitted. */
import type { AuthorCode } from '../../shared/plan/author-plan.ts';
import type { Http } from '../http.ts';

type BatchCode = Extract<AuthorCode, { kind: 'batch' }>;
type StreamCode = Extract<AuthorCode, { kind: 'stream' }>;

/** Values that a module's function opens with. */
export type ModuleParams = NonNullable<BatchCode['params']>;
/** How rows look on a program's stdin and stdout. */
export type StreamFormat = 'lines' | 'tsv' | 'jsonl' | 'arrow' | 'raw';

export interface ModuleJson {
  readonly digest: string;
  readonly abi: 'batch' | 'stream';
  readonly functions: readonly string[];
  readonly bytes: number;
  readonly owner: string;
  readonly name?: string;
  readonly language?: string;
  readonly createdAtMs: number;
}

/** Code in a module, for map, filter, flatMap, mapPartitions and aggregate. */
export class ModuleCode {
  /** As plans have it. */
  readonly code: BatchCode | StreamCode;

  constructor(code: BatchCode | StreamCode) {
    this.code = code;
  }
}

/** A module that the coordinator keeps. */
export class GuestModule {
  /** What the coordinator says of it. */
  readonly json: ModuleJson;

  constructor(json: ModuleJson) {
    this.json = json;
  }

  /** The name that plans call it by. */
  get digest(): string {
    return this.json.digest;
  }

  /** Of the batch ABI: what `fn` takes. */
  get functions(): readonly string[] {
    return this.json.functions;
  }

  /** A function of a module of the batch ABI. Throws TypeError for one that it does not export. */
  fn(name: string, params?: ModuleParams): ModuleCode {
    const { abi, functions, digest } = this.json;
    if (abi !== 'batch') throw new TypeError('This module is a program (stream ABI): use program({ input, output }).');
    if (!functions.includes(name))
      throw new TypeError(`The module has no function "${name}"; it has ${functions.join(', ') || 'none'}.`);
    return new ModuleCode({ kind: 'batch', module: digest, function: name, ...(params && { params }) });
  }

  /** A module of the stream ABI: rows in on stdin, rows out on stdout. */
  program(options: {
    readonly input: StreamFormat;
    readonly output: StreamFormat;
    readonly args?: readonly string[];
  }): ModuleCode {
    const { abi, digest } = this.json;
    if (abi !== 'stream') throw new TypeError('This module has functions (batch ABI): use fn(name, params).');
    const { input, output, args } = options;
    return new ModuleCode({ kind: 'stream', module: digest, input, output, ...(args && { args: [...args] }) });
  }
}

/** The coordinator's keep of guest modules. */
export interface Modules {
  /** WASM of either ABI. The same bytes again give the same module. Throws ProblemError for what is not admitted. */
  upload(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer | Blob, options?: { readonly name?: string }): Promise<GuestModule>;
  /** AssemblyScript, compiled by the coordinator. Throws ProblemError `compile-failed` with `line` and `column` in its detail. */
  compile(source: string, options?: { readonly name?: string }): Promise<GuestModule>;
  /** Throws ProblemError `module-not-found`. */
  get(digest: string): Promise<GuestModule>;
  /** Yours and the admin's. */
  list(): Promise<readonly GuestModule[]>;
  /** Jobs that run keep what they need of it. */
  delete(digest: string): Promise<void>;
}

export function makeModules(http: Http): Modules {
  const at = (digest: string): string => `/v1/modules/${encodeURIComponent(digest)}`;
  return {
    async upload(bytes, { name } = {}) {
      const path = name === undefined ? '/v1/modules' : `/v1/modules?${new URLSearchParams({ name })}`;
      const body = bytes instanceof Blob ? await bytes.arrayBuffer() : bytes;
      const response = await http.send('POST', path, { headers: { 'content-type': 'application/wasm' }, body });
      return new GuestModule((await response.json()) as ModuleJson);
    },
    async compile(source, { name } = {}) {
      const body = { source, language: 'assemblyscript', ...(name !== undefined && { name }) };
      return new GuestModule(await http.json<ModuleJson>('POST', '/v1/modules', body));
    },
    async get(digest) {
      return new GuestModule(await http.json<ModuleJson>('GET', at(digest)));
    },
    async list() {
      const { modules } = await http.json<{ modules: ModuleJson[] }>('GET', '/v1/modules');
      return modules.map((json) => new GuestModule(json));
    },
    async delete(digest) {
      await http.send('DELETE', at(digest));
    },
  };
}
