/** Seeds that once found something, by what they found; and where the search goes on. */
export const NAMED_SEEDS: { readonly [found: string]: readonly number[] } = {
  'a lease found by a tab that slept was never forgotten by its shell': [131, 167, 1241, 1803],
  'a job that was forgotten right after a restart stayed among those that wait for their workers': [639],
  'a restarted job whose relation had been kept meanwhile was cut as before, beside what was kept': [2837],
  'what an earlier life had made counted as planned twice where its stage was cut anew': [388, 2798],
  'a new job made what had just been found on the disk after a restart': [363],
  'lost lineage that two jobs share counted as done for the first of them only': [20597],
  'a task that was let go took with it who had shared it': [1844],
  "a result that was forgotten right after a restart took another job's block with it": [3229],
};

/** Seeds that each run of the tests tries for the first time. */
export const FRESH = 300;

/** Another range each day, and for each run of a build server; MUSTER_SIM_FROM sets it. */
export function firstFreshSeed(): number {
  const { MUSTER_SIM_FROM, GITHUB_RUN_ID, CI_PIPELINE_ID } = process.env;
  if (MUSTER_SIM_FROM !== undefined) return Number(MUSTER_SIM_FROM);
  const day = Math.floor(Date.now() / 86_400_000);
  const run = Number(GITHUB_RUN_ID ?? CI_PIPELINE_ID ?? 0) % 1_000;
  return ((day * 1_000 + run) * FRESH) % 2 ** 31;
}
