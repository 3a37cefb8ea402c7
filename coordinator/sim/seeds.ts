/** Seeds that once found something, by what they found; and where the search goes on. */
export const NAMED_SEEDS: { readonly [found: string]: readonly number[] } = {
  'a job that was forgotten right after a restart stayed among those that wait for their workers': [85],
  'a restarted job whose relation had been kept meanwhile was cut as before, beside what was kept': [46],
  'what an earlier life had made counted as planned twice where its stage was cut anew': [184, 229, 363, 629],
  'a lease found by a tab that slept was never forgotten by its shell': [131, 252, 270],
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
