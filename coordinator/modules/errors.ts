/** What goes wrong with guest modules, in the words and with the HTTP status that the API answers with. */
import type { AdmissionCode } from '../../shared/guest/admission-problem.ts';
import type { CompileProblem, Diagnostic } from './compiler.ts';

export type ModuleErrorCode =
  | `module-${AdmissionCode}`
  | Exclude<CompileProblem, 'source-invalid'>
  | 'source-invalid'
  | 'module-empty'
  | 'modules-full'
  | 'module-bytes-full';

const STATUS: { readonly [code: string]: number } = {
  'module-too-large': 413,
  'source-too-large': 413,
  'compiler-busy': 503,
  'modules-full': 409,
  'module-bytes-full': 409,
};

export interface ModuleFailure {
  readonly code: ModuleErrorCode;
  readonly title: string;
  readonly detail: string;
  readonly hint?: string | undefined;
  /** Of the first error in a source, from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly diagnostics?: readonly Diagnostic[];
}

export class ModuleError extends Error {
  override name = 'ModuleError';
  readonly failure: ModuleFailure;

  constructor(failure: ModuleFailure) {
    super(failure.detail);
    this.failure = failure;
  }

  get status(): number {
    return STATUS[this.failure.code] ?? 400;
  }
}
