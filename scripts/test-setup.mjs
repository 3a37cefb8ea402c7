/** Before the unit tests: the Node code, since some of them start its processes. A broken part fails its own tests, not all. */
import { buildStale } from './build.mjs';

export default async function setup() {
  await buildStale({ without: ['pages'], keepGoing: true });
}
