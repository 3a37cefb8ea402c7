import type { HelloMessage } from '../../shared/protocol/session.ts';
import { PROTOCOL } from '../../shared/protocol/version.ts';

/** What a tab introduces itself with; `workerId` and `storeId` from an earlier session, if there was one. */
export function helloOf(storeId: string | undefined, workerId: string | undefined, traits: HelloMessage['traits']): HelloMessage {
  return {
    type: 'hello',
    protocol: PROTOCOL,
    role: 'worker',
    ...(storeId !== undefined && { storeId }),
    ...(workerId !== undefined && { workerId }),
    mode: 'headless',
    engine: { version: 'simulated', flavour: 'wasm' },
    traits,
  };
}
