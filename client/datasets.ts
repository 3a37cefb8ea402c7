/** Named tables: list, look at, upload, register by path, delete. */
import type { Http } from './http.ts';
import { problemFrom, unreachable } from './problem.ts';
import type { DatasetJson } from './types.ts';

/** Of a file; without one it is told by the name and the first bytes. */
export type DatasetFormat = 'parquet' | 'csv' | 'json' | 'ndjson' | 'arrow';

/** Options of an upload. */
export interface UploadOptions {
  /** Needed where neither name nor content tells it. */
  readonly format?: DatasetFormat;
  /** In browsers only: bytes sent, of all. */
  readonly onProgress?: (sent: number, total: number) => void;
  /** Stops the upload; nothing of it is kept. */
  readonly signal?: AbortSignal;
}

/** Named tables of the grid. */
export interface Datasets {
  /** Those that you may read. */
  list(): Promise<readonly DatasetJson[]>;
  /** Throws ProblemError `dataset-not-found`. */
  get(name: string): Promise<DatasetJson>;
  /** Resolves once the dataset can be queried. The same bytes again are no error; other bytes under the name are (409). */
  upload(name: string, file: Blob, options?: UploadOptions): Promise<DatasetJson>;
  /** Reads a file on the coordinator's machine; needs the admin token. */
  register(name: string, path: string, options?: { readonly format?: DatasetFormat }): Promise<DatasetJson>;
  /** Jobs that read it already go on. Throws ProblemError for what is not yours. */
  delete(name: string): Promise<void>;
}

/** fetch tells nothing of an upload's progress; XMLHttpRequest does, where there is one. */
function uploadWithProgress(http: Http, form: FormData, options: UploadOptions): Promise<DatasetJson> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${http.base}/v1/datasets`);
    request.setRequestHeader('accept', 'application/json');
    if (http.token !== undefined) request.setRequestHeader('authorization', `Bearer ${http.token}`);
    request.upload.onprogress = (event) => options.onProgress?.(event.loaded, event.total);
    request.onerror = () => reject(unreachable(http.base, 'the upload broke off'));
    request.onabort = () => reject(new DOMException('The upload was stopped', 'AbortError'));
    request.onload = () => {
      let body: unknown;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = { detail: request.responseText.slice(0, 300) };
      }
      if (request.status >= 200 && request.status < 300) resolve(body as DatasetJson);
      else reject(problemFrom(request.status, body));
    };
    options.signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}

export function makeDatasets(http: Http): Datasets {
  const at = (name: string): string => `/v1/datasets/${encodeURIComponent(name)}`;
  return {
    async list() {
      return (await http.json<{ datasets: DatasetJson[] }>('GET', '/v1/datasets')).datasets;
    },
    get: (name) => http.json<DatasetJson>('GET', at(name)),
    async upload(name, file, options = {}) {
      // The fields come in this order, so that the coordinator knows name and format before the bytes stream in.
      const form = new FormData();
      form.append('name', name);
      if (options.format !== undefined) form.append('format', options.format);
      form.append('file', file, file instanceof File ? file.name : name);
      if (options.onProgress !== undefined && typeof XMLHttpRequest !== 'undefined')
        return uploadWithProgress(http, form, options);
      const response = await http.send('POST', '/v1/datasets', {
        body: form,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      return (await response.json()) as DatasetJson;
    },
    register: (name, path, options = {}) => http.json<DatasetJson>('POST', '/v1/datasets', { name, path, ...options }),
    async delete(name) {
      await http.send('DELETE', at(name));
    },
  };
}
