/**
 * Guest modules in a slot: what the fragment runner uses. Compile once per module (`compileGuest`), open once per attempt
 * (`openGuest`), feed, end, close; what comes out are IPC streams, what goes wrong is a GuestError.
 */
import { type AdmittedModule, admitModule } from '../../shared/guest/admission.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import { BatchGuest } from './batch-guest.ts';
import type { Guest, GuestOptions } from './guest.ts';

export { GuestError } from '../../shared/guest/guest-error.ts';
export type { Params, ParamValue } from '../../shared/guest/params.ts';
export type { Guest, GuestLimits, GuestOptions, GuestOutput, GuestReport } from './guest.ts';

export interface CompiledGuest {
  readonly admitted: AdmittedModule;
  readonly module: WebAssembly.Module;
}

/** Admits a module, whatever was said about it before, and compiles what admission returned. Throws GuestError. */
export async function compileGuest(bytes: Uint8Array): Promise<CompiledGuest> {
  const admission = admitModule(bytes);
  if (!admission.ok)
    throw authorError('guest-module', `the module was not admitted: ${admission.problem.message}`, admission.problem.hint);
  try {
    return { admitted: admission.module, module: await WebAssembly.compile(admission.module.bytes) };
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    const hint = 'Compile it anew; if it is valid, this browser is too old for a feature that it uses.';
    throw authorError('guest-module', `the module does not compile: ${error.message}`, hint);
  }
}

/** The kinds that a fragment can name; a runner for another kind of guest adds its case here. */
export type GuestKind = 'batch';

/** Makes a new instance, gives it its parameters and its sides. Throws GuestError. */
export function openGuest(kind: GuestKind, module: WebAssembly.Module, options: GuestOptions): Promise<Guest> {
  switch (kind) {
    case 'batch':
      return BatchGuest.open(module, options);
  }
}
