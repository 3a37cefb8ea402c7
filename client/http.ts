/** One request to the coordinator: address, token, and answers that are problems turned into errors. */
import { problemFrom, unreachable } from './problem.ts';

/** As the platform's `fetch`. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface HttpOptions {
  readonly token?: string | undefined;
  /** Default: the platform's own. */
  readonly fetch?: Fetch | undefined;
}

export interface Http {
  /** Resolves with an answer of status 2xx. Throws ProblemError on any other, and with code `unreachable` when none came. */
  send(
    method: string,
    path: string,
    init?: { body?: BodyInit; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>;
  json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T>;
  readonly base: string;
  readonly token: string | undefined;
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    // Not from Muster (a proxy's page, say): its first line is the best that there is to show.
    return { detail: text.split('\n', 1)[0]?.slice(0, 300) };
  }
}

export function makeHttp(url: string, options: HttpOptions = {}): Http {
  const base = url.replace(/\/+$/, '');
  const doFetch: Fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const http: Http = {
    base,
    token: options.token,
    async send(method, path, init = {}) {
      const headers: Record<string, string> = { accept: 'application/json', ...init.headers };
      if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
      let response: Response;
      try {
        response = await doFetch(`${base}${path}`, { ...init, method, headers });
      } catch (cause) {
        if (init.signal?.aborted === true) throw cause;
        throw unreachable(base === '' ? path : base, cause);
      }
      if (!response.ok) throw problemFrom(response.status, await bodyOf(response));
      return response;
    },
    async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
      const response = await http.send(method, path, {
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        ...(signal === undefined ? {} : { signal }),
      });
      if (response.status === 204) return undefined as T;
      return (await response.json()) as T;
    },
  };
  return http;
}
