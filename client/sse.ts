/** Server-sent events over fetch (EventSource cannot carry an Authorization header). Format: WHATWG HTML, section 9.2. */

export interface SseMessage {
  readonly type: string;
  readonly data: string;
  /** The last id seen, this message's own or an earlier one. */
  readonly id: string | undefined;
  /** Set once the server has asked for another pause before reconnecting. */
  readonly retryMs: number | undefined;
}

/** Feeds on text in pieces of any size; gives the messages that are complete. */
export class SseParser {
  #rest = '';
  #type = '';
  #data: string[] = [];
  #id: string | undefined;
  #retryMs: number | undefined;

  push(text: string): SseMessage[] {
    const messages: SseMessage[] = [];
    this.#rest += text;
    for (;;) {
      const end = /\r\n|\n|\r(?=[^\n])/.exec(this.#rest);
      if (end === null) return messages;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      if (line !== '') {
        this.#field(line);
        continue;
      }
      if (this.#data.length > 0) {
        messages.push({ type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id, retryMs: this.#retryMs });
      }
      this.#type = '';
      this.#data = [];
    }
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#type = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.#retryMs = Number(value);
  }
}

/** Messages of one response's body, until it ends. */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseMessage> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // The consumer may stop early: the connection must not stay open behind it. A stream that already failed has none.
    await reader.cancel().catch(() => undefined);
  }
}
