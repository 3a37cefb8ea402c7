/** A disk that fills up while a file is written is the author's to know; whatever else went wrong is passed on. */
import { errnoOf } from '../blocks/errors.ts';
import { Problem } from './problem.ts';

/** `detail`: what does not fit. @throws Problem 507 `disk-full`, or `error` */
export function throwIfDiskFull(error: unknown, detail: string): never {
  if (errnoOf(error) !== 'ENOSPC') throw error;
  throw new Problem({
    status: 507,
    code: 'disk-full',
    title: 'No space is left',
    detail,
    hint: 'Free some space, or start the coordinator with --data-dir on a larger disk.',
  });
}
