import { expect, it } from 'vitest';
import type { StoryLine } from '../../core/views.ts';
import { reasonsOf } from './reasons.ts';

const line = (what: string, why: string, detail?: StoryLine['detail']): StoryLine => ({
  atMs: 0,
  subject: 'x',
  what,
  why,
  ...(detail === undefined ? {} : { detail }),
});

it('tells losses and recomputes, not what went as planned', () => {
  const lost = line('attemptLeased', 'its output was lost', { cause: 'recompute', stage: 0 });
  const story = [
    line('attemptLeased', 'its inputs are there', { cause: 'planned', stage: 0 }),
    line('attemptEnded', 'done', { how: 'succeeded', stage: 0 }),
    line('stageRolledBack', 'its output was lost', { stage: 0 }),
    lost,
    lost,
    line('attemptEnded', 'the session closed', { how: 'died', stage: 1 }),
  ];
  expect(reasonsOf(story)).toEqual([
    'stage 0 was taken back: its output was lost',
    'a task of stage 0 was recomputed: its output was lost (2 times)',
    'an attempt of stage 1 ended (died): the session closed',
  ]);
});
