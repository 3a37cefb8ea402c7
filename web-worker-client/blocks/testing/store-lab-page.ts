/** A page with nothing but a lab in a dedicated worker; tests call `lab(method, ...args)`. */
import { type Remote, wrap } from 'comlink';
import type { StoreLab } from './store-lab.ts';

export interface LabPage {
  lab: (method: keyof StoreLab, ...args: readonly unknown[]) => Promise<unknown>;
}

type AnyLab = Record<keyof StoreLab, (...args: readonly unknown[]) => Promise<unknown>>;

const remote: Remote<AnyLab> = wrap<AnyLab>(new Worker('/worker.js', { type: 'module' }));
(globalThis as unknown as LabPage).lab = (method, ...args) => remote[method](...args);
