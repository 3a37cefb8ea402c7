/**
 * A relay alone in its own process, for measuring: told over IPC which tabs hold what. Answers `{rss}` when asked, so that nothing but the
 * relay counts.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { loadHashes } from '../../../shared/hash.ts';
import type { BlockId, Digest, SessionId } from '../../../shared/ids.ts';
import type { BucketInfo } from '../../../shared/plan/task.ts';
import type { Guard } from '../../auth/guard.ts';
import { nodeClock } from '../../sessions/node-clock.ts';
import { Relay, type RelayTotals } from '../relay.ts';

export interface LoadBlock {
  readonly blockId: string;
  readonly holder: string;
  readonly buckets: readonly { readonly bytes: number; readonly digest: string }[];
}

export type ToServer =
  | { readonly type: 'start'; readonly blocks: readonly LoadBlock[]; readonly spillDir: string }
  | { readonly type: 'ask' };
export type FromServer =
  | { readonly type: 'ready'; readonly port: number }
  | {
      readonly type: 'figures';
      readonly rss: number;

      readonly cpuMs: number;
      readonly totals: RelayTotals | undefined;
    };

let relay: Relay | undefined;

async function start(blocks: readonly LoadBlock[], spillDir: string): Promise<number> {
  await loadHashes();
  const byId = new Map(blocks.map((block) => [block.blockId, block]));
  const made = new Relay({
    clock: nodeClock,
    guard: { originAllowed: () => true } as unknown as Guard,
    blocks: { has: () => false, openSlice: async () => undefined },
    spillDir: async () => spillDir,
    damaged: () => undefined,
    session: (sessionId) => sessionId as SessionId,
    leased: () => true,
    accepted: (blockId: BlockId): readonly BucketInfo[] | undefined =>
      byId.get(blockId)?.buckets.map(({ bytes, digest }) => ({ rows: 1, bytes, digest: digest as Digest })),
    holders: (blockId) => [byId.get(blockId)?.holder as SessionId],
    lacks: () => undefined,
    broken: (sessionId, reason) => process.stderr.write(`${sessionId} broke the protocol: ${reason}\n`),
    log: (error, what) => process.stderr.write(`${what}: ${String(error)}\n`),
  });
  relay = made;
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 8 << 20 });
  sockets.on('connection', (socket, request) => made.accept(socket, request as never));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const say = (message: FromServer): void => void process.send?.(message);

process.on('message', (message: ToServer) => {
  if (message.type === 'ask') {
    const { user, system } = process.cpuUsage();
    return say({
      type: 'figures',
      rss: process.memoryUsage().rss,

      cpuMs: (user + system) / 1000,
      totals: relay?.totals(),
    });
  }
  void start(message.blocks, message.spillDir).then((port) => say({ type: 'ready', port }));
});
process.on('disconnect', () => process.exit(0));
