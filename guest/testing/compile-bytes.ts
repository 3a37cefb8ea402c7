/** Modules for tests and benches, as admission lets them through. */
import { admitModule } from '../../shared/guest/admission.ts';

export function compileBytes(bytes: Uint8Array): WebAssembly.Module {
  const admission = admitModule(bytes);
  if (!admission.ok) throw new Error(`the module is not admitted: ${admission.problem.message}`);
  return new WebAssembly.Module(admission.module.bytes);
}
