/** The event stream: what it sends, to whom, and how it resumes. */
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';

beforeAll(loadHashes);

interface Event {
  readonly type: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads is what it checks
  readonly data: any;
}

/** Reads events until one fits; later calls go on from there. */
class Stream {
  readonly seen: Event[] = [];
  readonly #events: AsyncGenerator<Event>;

  private constructor(events: AsyncGenerator<Event>) {
    this.#events = events;
  }

  static async open(url: string, headers: { readonly [name: string]: string } = {}): Promise<Stream> {
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const response = await fetch(`${url}/v1/events`, { headers, signal: abort.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    if (!response.body) throw new Error('no body');
    return new Stream(parse(response.body));
  }

  async until(fits: (event: Event) => boolean): Promise<Event> {
    for (;;) {
      const { value, done } = await this.#events.next();
      if (done) throw new Error('the stream ended');
      this.seen.push(value);
      if (fits(value)) return value;
    }
  }
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = field('data');
      if (data !== undefined) yield { type: field('event') ?? 'message', id: field('id'), data: JSON.parse(data) };
    }
  }
}

test('hello brings the join link with its token where others can join', async () => {
  const { app, url } = await testApp({ advertise: ['lab.example'] });
  const stream = await Stream.open(url);
  const port = new URL(url).port;
  const token = await app.grid.tokens.joinToken('volunteer');
  expect((await stream.until(() => true)).data).toEqual({ paceMs: 0, joinUrl: `http://lab.example:${port}/#t=${token}` });
});

test('a stream begins with what there is, then tells what changes', async () => {
  const { app, url } = await testApp({ paceMs: 5 });
  const stream = await Stream.open(url);
  expect((await stream.until(() => true)).data).toEqual({ paceMs: 5 });
  const worker = await FakeWorker.join(url);
  await stream.until(({ type, data }) => type === 'worker' && data.workerId === worker.welcome.workerId);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 events' } })).json();
  worker.succeed((await worker.lease()).message, int32Stream([[1]]), 1);
  await stream.until(({ type, data }) => type === 'job' && data.jobId === jobId && data.state === 'successful');
  expect(stream.seen).toContainEqual(
    expect.objectContaining({
      type: 'story',
      data: expect.objectContaining({ what: 'attemptLeased', detail: expect.anything() }),
    }),
  );
  worker.socket.terminate();
  const gone = await stream.until(({ type }) => type === 'workerGone');
  expect(gone.data).toEqual({ workerId: worker.welcome.workerId });

  // Whoever comes later sees the job at once, and only the lines after the one it names.
  const last = stream.seen.filter(({ type }) => type === 'story').at(-2);
  const later = await Stream.open(url, { 'last-event-id': last?.id ?? '' });
  await later.until(({ type, data }) => type === 'job' && data.jobId === jobId);
  expect(later.seen.filter(({ type }) => type === 'story')).toHaveLength(1);
});

test('another author sees neither jobs nor what is said of them', async () => {
  const { app, url } = await testApp();
  const ben = await app.grid.tokens.issue('author', 'ben');
  const stream = await Stream.open(url, { authorization: `Bearer ${ben}` });
  await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1 secret' } });
  const worker = await FakeWorker.join(url);
  const busy = await stream.until(({ type, data }) => type === 'worker' && data.current.length > 0);
  expect(busy.data.current[0].title).toBe('a task of another author');
  expect(stream.seen.filter(({ type }) => type === 'job')).toEqual([]);
  expect(stream.seen.filter(({ data }) => JSON.stringify(data).includes('attemptLeased'))).toEqual([]);
  worker.socket.terminate();
});

test('no more streams than the limit, and closing the coordinator ends them', async () => {
  const { app, url } = await testApp({ limits: { eventStreams: 1 } });
  const stream = await Stream.open(url);
  const refused = await fetch(`${url}/v1/events`);
  expect(await refused.json()).toMatchObject({ status: 429, code: 'too-many-streams' });
  await app.close();
  await expect(stream.until(() => false)).rejects.toThrow();
});
