/**
 * Guest modules that authors keep here: admitted when they come, their bytes as blocks that tabs fetch like any other, what is known of
 * them in the store. A module's bytes stay as long as an owner keeps it or a job needs it.
 */
import { encodeRecord } from '../../shared/arrow/record.ts';
import { admitModule } from '../../shared/guest/admission.ts';
import { digestOf } from '../../shared/hash.ts';
import type { Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type Identity, mayRead } from '../auth/identity.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { ModuleStore } from '../store/modules.ts';
import type { CompileOutcome } from './compiler.ts';
import { ModuleError } from './errors.ts';
import { type ModuleRecord, moduleBlockId } from './module-record.ts';

export interface ModulesOptions {
  readonly store: Pick<ModuleStore, 'list' | 'put' | 'remove'>;
  readonly blocks: Pick<BlockStore, 'has' | 'put' | 'delete' | 'sweep'>;
  readonly compiler: { compile(source: string): Promise<CompileOutcome>; close(): Promise<void> };
  readonly perOwner?: number;
  readonly bytesPerOwner?: number;
}

export interface NewModule {
  /** Under whose name it is kept. */
  readonly owner: string;
  readonly name?: string;
}

export interface Added {
  readonly record: ModuleRecord;
  /** False where the owner had it already. */
  readonly created: boolean;
}

export type HeldModules =
  | { readonly ok: true; readonly release: () => Promise<void> }
  | { readonly ok: false; readonly digest: string };

const keyOf = (digest: string, owner: string): string => `${digest} ${owner}`;

export class Modules {
  readonly #options: ModulesOptions;
  /** By digest and owner, oldest first. */
  readonly #records = new Map<string, ModuleRecord>();
  /** Jobs that need the bytes of a module. */
  readonly #holds = new Map<string, number>();
  /** Changes one after the other: a module's file may come back while it goes. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: ModulesOptions) {
    this.#options = options;
  }

  /** Modules whose bytes are gone are not listed; bytes that nobody owns are deleted. */
  static async open(options: ModulesOptions): Promise<Modules> {
    const modules = new Modules(options);
    for (const record of await options.store.list()) {
      if (options.blocks.has(moduleBlockId(record.digest))) modules.#records.set(keyOf(record.digest, record.owner), record);
    }
    await options.blocks.sweep(new Set([...modules.#records.values()].map(({ digest }) => moduleBlockId(digest))));
    return modules;
  }

  /** @throws ModuleError when it is not admitted, or the owner has no room left; BlockError */
  add(wasm: Uint8Array, by: NewModule): Promise<Added> {
    return this.#add(wasm, by, undefined);
  }

  /** Compiles AssemblyScript and keeps what comes out. @throws ModuleError, with line and column of the first error */
  async compile(source: string, by: NewModule): Promise<Added> {
    const outcome = await this.#options.compiler.compile(source);
    if (!outcome.ok) throw sourceError(outcome);
    return this.#add(outcome.wasm, by, 'assemblyscript');
  }

  /** Newest first: those of one's own, and the admin's; to the admin all. */
  list(identity: Identity): readonly ModuleRecord[] {
    return [...this.#records.values()].filter((record) => mayRead(identity, { name: record.owner })).reverse();
  }

  /** One's own before that of others. */
  find(digest: string, identity: Identity, owner: string): ModuleRecord | undefined {
    return this.#records.get(keyOf(digest, owner)) ?? this.list(identity).find((record) => record.digest === digest);
  }

  /** Forgets it for this owner; jobs that need it keep its bytes until they end. True when there was one. */
  async remove(digest: string, owner: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const there = await this.#options.store.remove(digest, owner);
      this.#records.delete(keyOf(digest, owner));
      await this.#deleteUnneeded(digest as Digest);
      return there;
    });
  }

  /** Keeps the bytes of these modules until `release`; says which one is not here. */
  hold(digests: readonly string[]): HeldModules {
    const gone = digests.find((digest) => !this.#options.blocks.has(moduleBlockId(digest as Digest)));
    if (gone !== undefined) return { ok: false, digest: gone };
    for (const digest of digests) this.#holds.set(digest, (this.#holds.get(digest) ?? 0) + 1);
    return { ok: true, release: () => this.#release(digests) };
  }

  close(): Promise<void> {
    return this.#options.compiler.close();
  }

  async #add(wasm: Uint8Array, { owner, name }: NewModule, language: 'assemblyscript' | undefined): Promise<Added> {
    const admission = admitModule(wasm);
    if (!admission.ok) throw refusal(admission.problem);
    const { abi, functions, bytes } = admission.module;
    const digest = digestOf(bytes);
    return this.#inTurn(async () => {
      const known = this.#records.get(keyOf(digest, owner));
      if (known && (name === undefined || name === known.name)) return { record: known, created: false };
      if (!known) this.#checkRoom(owner, bytes.length);
      const record: ModuleRecord = {
        digest,
        owner,
        abi,
        functions,
        bytes: bytes.length,
        createdAtMs: known?.createdAtMs ?? Date.now(),
        ...(name !== undefined && { name }),
        ...(language !== undefined && { language }),
      };
      const blockId = moduleBlockId(digest);
      if (!this.#options.blocks.has(blockId)) {
        const bucket = { codec: 'raw' as const, coded: bytes, bytes: bytes.length, rows: 0, digest };
        await this.#options.blocks.put(blockId, encodeRecord([bucket]));
      }
      await this.#options.store.put(record);
      this.#records.set(keyOf(digest, owner), record);
      return { record, created: known === undefined };
    });
  }

  #checkRoom(owner: string, bytes: number): void {
    const own = [...this.#records.values()].filter((record) => record.owner === owner);
    const hint = 'DELETE /v1/modules/DIGEST removes those that you no longer need; GET /v1/modules lists them.';
    const most = this.#options.perOwner ?? LIMITS.modulesPerOwner;
    if (own.length >= most)
      throw new ModuleError({
        code: 'modules-full',
        title: 'Too many modules',
        detail: `You keep ${most} modules already.`,
        hint,
      });
    const mostBytes = this.#options.bytesPerOwner ?? LIMITS.moduleBytesPerOwner;
    const held = own.reduce((sum, record) => sum + record.bytes, 0);
    if (held + bytes <= mostBytes) return;
    const detail = `Your modules have ${held} bytes; with ${bytes} more they are over ${mostBytes}.`;
    throw new ModuleError({ code: 'module-bytes-full', title: 'Your modules are too large together', detail, hint });
  }

  async #release(digests: readonly string[]): Promise<void> {
    for (const digest of digests) {
      const left = (this.#holds.get(digest) ?? 1) - 1;
      if (left > 0) this.#holds.set(digest, left);
      else this.#holds.delete(digest);
    }
    await this.#inTurn(async () => {
      for (const digest of digests) await this.#deleteUnneeded(digest as Digest);
    });
  }

  async #deleteUnneeded(digest: Digest): Promise<void> {
    if (this.#holds.has(digest)) return;
    if ([...this.#records.values()].some((record) => record.digest === digest)) return;
    await this.#options.blocks.delete([moduleBlockId(digest)]);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function refusal(problem: Extract<ReturnType<typeof admitModule>, { ok: false }>['problem']): ModuleError {
  const { code, message, hint } = problem;
  const detail = `${message[0]?.toUpperCase()}${message.slice(1)}.`;
  return new ModuleError({ code: `module-${code}`, title: 'The module cannot be admitted', detail, hint });
}

function sourceError({ problem, detail, hint, diagnostics }: Extract<CompileOutcome, { ok: false }>): ModuleError {
  const first = diagnostics.find(({ severity, file }) => severity === 'error' && file === 'module.ts');
  const title = problem === 'source-invalid' ? 'The source does not compile' : 'The source could not be compiled';
  const look = 'Look at the line that `line` names; `diagnostics` lists all that the compiler said.';
  const { line, column } = first ?? {};
  return new ModuleError({ code: problem, title, detail, hint: hint ?? look, line, column, diagnostics });
}
