/** What authors say of a guest's code, checked as far as it can be without running it. */
import { BATCH_ABI_VERSION } from '../../../shared/guest/abi.ts';
import { openRow, type Params } from '../../../shared/guest/params.ts';
import type { AuthorCode } from '../../../shared/plan/author-plan.ts';
import { type ModuleRecord, moduleSlice } from '../../modules/module-record.ts';
import type { GuestNode, GuestProgram, ModuleInput } from '../logical.ts';
import { namesHint, refusedPlan } from './refused.ts';

export type Modules = ReadonlyMap<string, ModuleRecord>;

export interface Program {
  readonly code: GuestProgram;
  /** For people. */
  readonly label: string;
}

/** Longest name of an export that a script may be called by. */
const FUNCTION_CHARS = 200;
const LANGUAGES = { assemblyscript: 'AssemblyScript' } as const;

/** `relation`: the one whose code it is. Throws RefusedSql. */
export function programOf(code: AuthorCode, relation: string, action: GuestNode['action'], modules: Modules): Program {
  switch (code.kind) {
    case 'script': {
      const { source, function: name, params } = code;
      if (name === '' || name.length > FUNCTION_CHARS) {
        const detail = `The name of a script's function has 1 to ${FUNCTION_CHARS} characters.`;
        throw refusedPlan('plan-unknown-function', relation, detail, 'Name one of the exports of the source.');
      }
      return { code: { kind: 'script', source, function: name, ...given(relation, params) }, label: `${name} (JavaScript)` };
    }
    case 'batch': {
      const record = moduleOf(code.module, relation, 'batch', modules);
      const { function: name, params } = code;
      if (!record.functions.includes(name)) {
        const hint = namesHint(name, record.functions, 'Functions');
        throw refusedPlan('plan-unknown-function', relation, `The module has no function "${name}".`, hint);
      }
      const from = record.language === undefined ? `of module ${titleOf(record)}` : `(${LANGUAGES[record.language]})`;
      return {
        code: { kind: 'batch', module: inputOf(record), function: name, ...given(relation, params) },
        label: `${name} ${from}`,
      };
    }
    case 'stream': {
      const record = moduleOf(code.module, relation, 'stream', modules);
      const { input, output, args } = code;
      if (action === 'aggregate' || action === 'cogroup') {
        const detail = `A stream program cannot be the code of ${action === 'aggregate' ? 'an aggregate' : 'a cogroup'}.`;
        throw refusedPlan(
          'plan-invalid',
          relation,
          detail,
          'Use mapPartitions over SQL that sorts by the key, or a batch module.',
        );
      }
      const module = inputOf(record);
      return {
        code: { kind: 'stream', module, input, output, ...(args === undefined ? {} : { args }) },
        label: `program ${titleOf(record)}`,
      };
    }
  }
}

function moduleOf(digest: string, relation: string, abi: ModuleRecord['abi'], modules: Modules): ModuleRecord {
  const record = modules.get(digest);
  if (!record) {
    const hint = 'Upload it first: POST /v1/modules answers with its digest. GET /v1/modules lists yours.';
    throw refusedPlan('plan-unknown-module', relation, `There is no module ${digest} that you may use.`, hint);
  }
  if (record.abi === abi) return record;
  const is = record.abi === 'batch' ? `exports functions of the batch ABI, version ${BATCH_ABI_VERSION}` : 'is a stream program';
  throw refusedPlan('plan-invalid', relation, `The module ${is}.`, `Say code.kind "${record.abi}".`);
}

const titleOf = ({ name, digest }: ModuleRecord): string => name ?? digest.slice(0, 8);

function inputOf(record: ModuleRecord): ModuleInput {
  return { kind: 'module', digest: record.digest, slice: moduleSlice(record), abi: record.abi };
}

function given(relation: string, params: Extract<AuthorCode, { kind: 'script' }>['params']): { readonly params?: Params } {
  if (params === undefined) return {};
  try {
    openRow(params as Params, 0n, undefined);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    const hint = 'A parameter is a boolean, a number, a text, or a list of one of them.';
    throw refusedPlan('plan-invalid', relation, `${thrown.message}.`, hint);
  }
  return { params: params as Params };
}
