/** One job, as its author holds it. */
import { delay } from './events.ts';
import type { Http } from './http.ts';
import { ProblemError, problemFrom } from './problem.ts';
import { explained } from './result-body.ts';
import { type ResultHead, readHead } from './result-head.ts';
import type { DatasetJson, JobJson, JobState, PlanJson, ResultJson } from './types.ts';

const WAIT_SECONDS = 30;
/** The connection broke off, and the job did not fail. */
const BROKEN = 'result-broken';

/** Of a result: `arrow` is an IPC stream; `json` is `{columns, rows}`, `ndjson` an object a line. */
export type ResultFormat = 'json' | 'ndjson' | 'csv' | 'arrow' | 'parquet';

/** Whether a job in this state will not change any more. */
export function isSettled(state: JobState): boolean {
  return state === 'successful' || state === 'failed' || state === 'cancelled';
}

/** Asks again until the job has settled, or has rows. */
async function whenDone<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProblemError && error.code === 'job-running')) throw error;
    }
  }
}

/** A job that was accepted, whoever submitted it. */
export class JobHandle {
  /** For `connection.job(id)`. */
  readonly id: string;
  readonly #http: Http;

  constructor(http: Http, id: string) {
    this.#http = http;
    this.id = id;
  }

  get #path(): string {
    return `/v1/jobs/${encodeURIComponent(this.id)}`;
  }

  /** Its state, stages and counters now. */
  status(signal?: AbortSignal): Promise<JobJson> {
    return this.#http.json<JobJson>('GET', this.#path, undefined, signal);
  }

  /** Its logical plan, and the SQL and guests of its stages. */
  plan(signal?: AbortSignal): Promise<PlanJson> {
    return this.#http.json<PlanJson>('GET', `${this.#path}/plan`, undefined, signal);
  }

  /** Cancelling a job that has settled changes nothing. */
  async cancel(): Promise<void> {
    await this.#http.send('DELETE', this.#path);
  }

  /**
   * The result's bytes in `format`, as a response whose body streams. Waits until there are rows, and begins with them while the job
   * still runs (parquet: when it is done); only who reads to the end has the result.
   * Throws ProblemError: the job's own error (422), `job-cancelled` (409), expired (410); so does reading the body when the job
   * fails later, and with `result-broken` when the connection broke off.
   */
  async result(format: ResultFormat = 'json', signal?: AbortSignal): Promise<Response> {
    if (format === 'parquet') return this.#finished(format, signal);
    const response = await this.#ask(`format=${format}&early=true`, signal);
    return explained(response, (cause) => this.#whyBroken(cause, signal));
  }

  /** As `result`, but begins when the job has succeeded. */
  #finished(format: ResultFormat, signal: AbortSignal | undefined): Promise<Response> {
    return this.#ask(`format=${format}`, signal);
  }

  #ask(query: string, signal: AbortSignal | undefined): Promise<Response> {
    return whenDone(() =>
      this.#http.send('GET', `${this.#path}/result?${query}&wait=${WAIT_SECONDS}`, {
        headers: { accept: '*/*' },
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  }

  /**
   * Keeps the result as a dataset, once the job has succeeded. Throws ProblemError: the job's own error, and `dataset-exists` (409) when
   * the name is in use with other content.
   */
  saveAsDataset(name: string, signal?: AbortSignal): Promise<DatasetJson> {
    const path = `${this.#path}/dataset?wait=${WAIT_SECONDS}`;
    return whenDone(() => this.#http.json<DatasetJson>('POST', path, { name }, signal));
  }

  /** What to say when the body of a result broke off: mostly, that the job failed. */
  async #whyBroken(cause: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted === true) return cause;
    let job: JobJson;
    try {
      job = await this.status(signal);
    } catch (error) {
      return error;
    }
    if (job.error !== undefined) return problemFrom(422, job.error);
    if (job.state === 'cancelled')
      return new ProblemError({
        code: 'job-cancelled',
        title: 'The job was cancelled',
        detail: 'It has no result.',
        status: 409,
      });
    return new ProblemError(
      {
        code: BROKEN,
        title: 'The result broke off',
        detail: `The connection ended before the last row (${cause instanceof Error ? cause.message : String(cause)}).`,
        status: 0,
        hint: `The job is ${job.state}: ask for its result again.`,
      },
      { cause },
    );
  }

  /** All rows. Large results: use `result('arrow')` or `result('ndjson')` and read the stream. */
  async rows(signal?: AbortSignal): Promise<ResultJson> {
    try {
      return (await (await this.result('json', signal)).json()) as ResultJson;
    } catch (error) {
      if (!(error instanceof ProblemError && error.code === BROKEN)) throw error;
      return (await (await this.#finished('json', signal)).json()) as ResultJson;
    }
  }

  /** The first `most` rows once the job has succeeded; reads no more of the stream than it needs. */
  async head(most: number, signal?: AbortSignal): Promise<ResultHead> {
    return readHead(await this.#finished('json', signal), most);
  }

  /** Resolves with the settled job, whatever its end; throws only when the coordinator can't be asked. */
  async wait(signal?: AbortSignal): Promise<JobJson> {
    try {
      const response = await this.#finished('ndjson', signal);
      // Only the headers were of interest: they come when the job has settled.
      await response.body?.cancel();
    } catch (error) {
      if (!(error instanceof ProblemError) || ![409, 410, 422].includes(error.status)) throw error;
    }
    return this.status(signal);
  }

  /** The job each time that it changed, the settled one last. `everyMs`: how often it is asked. */
  async *progress(options: { readonly everyMs?: number; readonly signal?: AbortSignal } = {}): AsyncGenerator<JobJson> {
    let before = '';
    while (options.signal?.aborted !== true) {
      const job = await this.status(options.signal);
      const now = JSON.stringify(job);
      if (now !== before) yield job;
      before = now;
      if (isSettled(job.state)) return;
      await delay(options.everyMs ?? 250, options.signal);
    }
  }
}
