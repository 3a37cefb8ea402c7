/** Workers that drain: followed until they have finished and handed over, then told to go. */
import type { CoreEvent } from './events.ts';
import { takeBack } from './failures.ts';
import { collect } from './inventory.ts';
import { soleCopies } from './losses.ts';
import { drainStep } from './policies/drain.ts';
import type { Core, Worker } from './state.ts';
import { note } from './stories.ts';

/** After these nobody has finished or handed over anything. */
const QUIET: readonly CoreEvent['type'][] = ['heartbeatReceived', 'attemptStarted', 'residentsChanged'];

/** What waits in its slots behind others need not wait there. */
export function handBackWaiting(core: Core, worker: Worker): void {
  for (const attempt of [...worker.attempts]) {
    if (!core.behind.has(attempt) || attempt.startedAtMs !== undefined) continue;
    const message = `${worker.workerId} drains, and had not begun it`;
    takeBack(core, attempt, 'draining', message);
  }
}

/** Call at the end of an event. */
export function followDrains(core: Core, after: CoreEvent['type']): void {
  if (core.draining.size === 0 || QUIET.includes(after)) return;
  for (const worker of [...core.draining]) follow(core, worker);
}

function follow(core: Core, worker: Worker): void {
  const running = worker.attempts.size;
  const sole = running > 0 ? [] : soleCopies(core, worker.store);
  const step = drainStep({ running, soleCopies: sole.length });
  // Asked for when it began to drain; again here if there was no room then.
  if (core.noRoom === undefined) for (const block of sole) collect(core, block, 'urgent');
  if (step === worker.drainStep) return;
  worker.drainStep = step;
  const { sessionId, workerId } = worker;
  if (step === 'handingOver')
    note(core, workerId, 'workerHandsOver', `${sole.length} blocks that only it has and somebody needs`);
  if (step !== 'done') return;
  core.draining.delete(worker);
  const why = 'it has finished what it had, and nobody needs what only it has';
  note(core, workerId, 'workerDismissed', why);
  core.out.push({ type: 'dismissWorker', sessionId, why: `drained: ${why}` });
}
