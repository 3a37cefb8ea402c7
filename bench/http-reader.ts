/**
 * HTTP for benches, over Node's own client with connections kept open. `fetch` with its web streams takes about 1 ms more a request and
 * 150 ms more of a processor for 72 MB, on the cores that the tabs compute with: what is measured is the grid, not a client.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Fetch } from '../client/index.ts';

const agent = new Agent({ keepAlive: true });

/** As `fetch`, for requests with texts for bodies; the answer is there whole when it resolves. */
export const plainFetch: Fetch = async (url, init = {}) => {
  const { method = 'GET', headers = {}, body } = init;
  if (body !== undefined && body !== null && typeof body !== 'string') throw new TypeError('only texts are sent here');
  const parts: Buffer[] = [];
  const answer = await send(url, method, headers as Record<string, string>, body ?? undefined);
  for await (const part of answer) parts.push(part as Buffer);
  const status = answer.statusCode ?? 0;
  const type = answer.headers['content-type'];
  return new Response(status === 204 ? null : Buffer.concat(parts), {
    status,
    headers: type === undefined ? {} : { 'content-type': type },
  });
};

/** Reads an answer to its end and keeps nothing; how many bytes it had. Rejects when it is no 200, or breaks off. */
export async function readBytes(url: string, token?: string): Promise<number> {
  const answer = await send(url, 'GET', token === undefined ? {} : { authorization: `Bearer ${token}` });
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    answer.on('data', (part: Buffer) => {
      bytes += part.byteLength;
    });
    answer.once('end', resolve);
    answer.once('error', reject);
  });
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
  return bytes;
}

function send(url: string, method: string, headers: Record<string, string>, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method, agent, headers: { ...headers, ...length } }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}
