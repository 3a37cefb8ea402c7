import type { IncomingMessage, ServerResponse } from 'node:http';
export type Canned = (request: IncomingMessage, response: ServerResponse) => void;
export const API: { readonly [route: string]: Canned } = {};
