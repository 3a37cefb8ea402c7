import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { Stories } from './stories.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan } from './testing/plans.ts';
import type { StoryLine } from './views.ts';

beforeAll(loadHashes);

const line = (subject: string, what: string, detail: StoryLine['detail'] = {}): StoryLine => ({
  atMs: 0,
  subject,
  what,
  why: '',
  detail,
});
const planned = (i: number) => line(`a-${i}`, 'attemptLeased', { cause: 'planned' });

describe("a job's story", () => {
  it('has its attempts, each with the worker that had it', () => {
    const fleet = new Fleet();
    fleet.join('a');
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 1 }));
    fleet.finish();
    const lines = fleet.scheduler.story(job).filter(({ what }) => what.startsWith('attempt'));
    expect(lines.map(({ what, detail }) => [what, detail?.workerId, detail?.jobId, detail?.stage])).toEqual([
      ['attemptLeased', 'w-a', job, 0],
      ['attemptEnded', 'w-a', job, 0],
      ['attemptLeased', 'w-a', job, 1],
      ['attemptEnded', 'w-a', job, 1],
    ]);
  });

  it('keeps its beginning and what went wrong under many attempts, and its bound', () => {
    const fleet = new Fleet({ limits: { storyLines: 12 } });
    const tabs = [fleet.join('a', { slots: 8 }), fleet.join('b', { slots: 8 })];
    const job = fleet.submit('job-1', aggregatePlan({ dataset: 'd', chunks: 64 }));
    for (let i = 0; i < 3; i++) fleet.fail(fleet.attempts()[0] ?? fail(tabs), 'released');
    fleet.finish();
    const story = fleet.scheduler.story(job);
    expect(story).toHaveLength(12);
    expect(story.map(({ what }) => what)).toEqual(expect.arrayContaining(['jobSubmitted', 'stageResolved', 'jobSuccessful']));
    expect(story.filter(({ detail }) => detail?.how === 'released')).toHaveLength(3);
  });
});

function fail(what: unknown): never {
  throw new Error(`no attempt on ${JSON.stringify(what)}`);
}

describe('the bounds', () => {
  it('cut routine lines first, then the oldest', () => {
    const stories = new Stories(1, 4);
    stories.keep('job');
    for (const what of ['first', 'second']) stories.add(line('job', what), []);
    for (let i = 0; i < 20; i++) stories.add(planned(i), ['job']);
    expect(stories.of('job').map(({ what, subject }) => [what, subject])).toEqual([
      ['first', 'job'],
      ['second', 'job'],
      ['attemptLeased', 'a-18'],
      ['attemptLeased', 'a-19'],
    ]);
    for (let i = 0; i < 20; i++) stories.add(line('job', `more ${i}`), []);
    expect(stories.of('job').map(({ what }) => what)).toEqual(['more 16', 'more 17', 'more 18', 'more 19']);
  });

  it('hold over all subjects together, at the cost of those kept longest, also after a restart', () => {
    let stories = new Stories(1, 2_000);
    const total = () => stories.save().kept.reduce((sum, [, lines]) => sum + lines.length, 0);
    const fill = (from: number, to: number): void => {
      for (let job = from; job < to; job++) {
        stories.keep(`job-${job}`);
        stories.add(line(`job-${job}`, 'jobSubmitted'), []);
        for (let i = 0; i < 1_999; i++) stories.add(planned(i), [`job-${job}`]);
      }
    };
    fill(0, 150);
    const saved = stories.save();
    stories = new Stories(1, 2_000);
    stories.load(saved);
    fill(150, 300);
    expect(total()).toBeLessThanOrEqual(262_144);
    expect(stories.of('job-0')[0]?.what).toBe('jobSubmitted');
    expect(stories.of('job-0')).toHaveLength(16);
    expect(stories.of('job-299')).toHaveLength(2_000);
    for (let job = 0; job < 300; job++) stories.forget(`job-${job}`);
    fill(300, 400);
    expect(stories.of('job-300')).toHaveLength(2_000);
  });
});
