/** Before the browser tests: everything that is stale, pages included. */
import { buildStale } from './build.mjs';

export default async function setup() {
  await buildStale();
}
