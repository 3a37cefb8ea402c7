/** Which of an author's guests failed, in the words of the plan whose author is told. */
import type { Failure } from '../../shared/failure.ts';
import type { GuestPlace } from '../../shared/plan/physical.ts';
import type { StageState, Task } from './state.ts';

/** Undefined: what failed is no guest, or one of several and nobody knows which. */
export function guestBlamed({ branches, branchOf, tasks }: StageState, task: Task, failure: Failure): GuestPlace | undefined {
  // A slot that is ended from outside cannot say where it was.
  if (failure.step === undefined && failure.reason !== 'deadline') return undefined;
  const guests = branches[branchOf[tasks.indexOf(task)] ?? 0]?.guests ?? [];
  return failure.step === undefined && guests.length === 1 ? guests[0] : guests.find(({ step }) => step === failure.step);
}
