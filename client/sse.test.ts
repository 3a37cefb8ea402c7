import { expect, test } from 'vitest';
import { SseParser } from './sse.ts';

const STREAM =
  ': hello\r\nid: 7\r\nevent: job\r\ndata: {"a":1,\r\ndata: "b":2}\r\n\r\ndata:x\n\nretry: 250\nevent: empty\n\ndata: y\n\n';
const MESSAGES = [
  { type: 'job', data: '{"a":1,\n"b":2}', id: '7', retryMs: undefined },
  { type: 'message', data: 'x', id: '7', retryMs: undefined },
  { type: 'message', data: 'y', id: '7', retryMs: 250 },
];

test('messages come out the same however the stream is cut', () => {
  for (const size of [1, 2, 3, 7, STREAM.length]) {
    const parser = new SseParser();
    const got = [];
    for (let at = 0; at < STREAM.length; at += size) got.push(...parser.push(STREAM.slice(at, at + size)));
    expect(got).toEqual(MESSAGES);
  }
});
