/** One event of GET /v1/events as the change that it means for the page. */
import type { GridEvent, JobJson, StoryLineJson, WorkerJson } from '../../client/index.ts';

export type Change =
  | { readonly kind: 'job'; readonly job: JobJson }
  | { readonly kind: 'worker'; readonly worker: WorkerJson }
  | { readonly kind: 'workerGone'; readonly workerId: string }
  | { readonly kind: 'datasets' }
  | { readonly kind: 'line'; readonly line: StoryLineJson }
  /** How the coordinator was started. `joinUrl` carries a volunteer's token where one is needed. */
  | { readonly kind: 'hello'; readonly paceMs: number; readonly joinUrl: string | undefined }
  /** From a newer coordinator: the page does without it. */
  | { readonly kind: 'unknown' };

function has<K extends string>(data: unknown, key: K): data is Record<K, unknown> {
  return typeof data === 'object' && data !== null && key in data;
}

export function readEvent({ type, data }: GridEvent): Change {
  if (type === 'job' && has(data, 'jobId')) return { kind: 'job', job: data as unknown as JobJson };
  if (type === 'workerGone' && has(data, 'workerId')) return { kind: 'workerGone', workerId: String(data.workerId) };
  if (type === 'worker' && has(data, 'workerId')) return { kind: 'worker', worker: data as unknown as WorkerJson };
  if (type === 'dataset') return { kind: 'datasets' };
  if (type === 'story' && has(data, 'what')) return { kind: 'line', line: data as unknown as StoryLineJson };
  if (type === 'hello') {
    const joinUrl = has(data, 'joinUrl') && typeof data.joinUrl === 'string' ? data.joinUrl : undefined;
    return { kind: 'hello', paceMs: has(data, 'paceMs') ? Number(data.paceMs) : 0, joinUrl };
  }
  return { kind: 'unknown' };
}
