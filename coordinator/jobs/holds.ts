/** What a job reads from the coordinator is kept until it ends: chunks of datasets, and guest modules. */
import type { JobError } from '../../shared/failure.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { DatasetKeeper, ModuleKeeper } from './ports.ts';
import { removedData, removedModule } from './settling.ts';

export type Held =
  | { readonly ok: true; readonly release: () => Promise<void> }
  | { readonly ok: false; readonly error: JobError };

export function holdInputs(plan: PhysicalPlan, datasets: DatasetKeeper, modules: ModuleKeeper | undefined): Held {
  const digests = modulesOf(plan);
  const held = digests.length > 0 ? modules?.hold(digests) : undefined;
  if (held && !held.ok) return { ok: false, error: removedModule(held.digest) };
  const retained = datasets.retain(plan.datasets);
  const letGo = (): Promise<void> => held?.release() ?? Promise.resolve();
  if (retained.ok) {
    const release = async (): Promise<void> => {
      await Promise.all([retained.release(), letGo()]);
    };
    return { ok: true, release };
  }
  letGo().catch(() => undefined);
  return { ok: false, error: removedData(retained.name) };
}

function modulesOf({ stages }: PhysicalPlan): string[] {
  const branches = stages.flatMap((s) => [...s.branches, ...(s.alternatives ?? []).flatMap((a) => a.branches)]);
  return [...new Set(branches.flatMap((b) => b.inputs.flatMap((i) => (i.kind === 'module' ? [i.digest] : []))))];
}
