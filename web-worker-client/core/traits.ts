/** What a worker says about itself in `hello` and `traitsChanged`. */
import type { Static } from 'typebox';
import type { Traits } from '../../shared/protocol/session.ts';

export type WorkerTraits = Readonly<Static<typeof Traits>>;
