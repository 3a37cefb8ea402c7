/** One of the processes that hold no-op workers, told what to do over the channel of its parent (load-processes.ts). */
import type { Link } from '../web-worker-client/link/link.ts';
import type { LoadAnswer, LoadOrder } from './load-processes.ts';
import type { Pretence } from './noop-slot.ts';
import { joinWorkers } from './wire-workers.ts';

const pretence: Pretence = { computeMs: 0 };
const links: Link[] = [];

const answer = (message: LoadAnswer): void => {
  process.send?.(message);
};

async function obey(order: LoadOrder): Promise<void> {
  switch (order.do) {
    case 'join': {
      const { url, workers, slots, seed } = order;
      const log = (words: string): void => answer({ said: words });
      links.push(...(await joinWorkers({ url, workers, slots, seed, pretence, log })));
      return;
    }
    case 'pretend':
      pretence.computeMs = order.computeMs;
      return;
  }
}

process.on('message', (order: LoadOrder) => {
  obey(order).then(
    () => answer({ done: order.do }),
    (error: unknown) => answer({ failed: (error as Error).message }),
  );
});
// The bench is over, or has died.
process.on('disconnect', () => process.exit(0));
answer({ done: 'ready' });
