/** Before the unit tests: the Node code, since some of them start its child processes. */
import { buildStale } from './build.mjs';

export default async function setup() {
  await buildStale({ only: ['kernels', 'node'] });
}
