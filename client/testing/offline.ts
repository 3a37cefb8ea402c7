/** A connection for tests that look at plans and never ask a coordinator. */
import { type Connection, connect } from '../index.ts';

export function offline(): Connection {
  return connect('http://offline.invalid', { fetch: () => Promise.reject(new Error('a plan needs no coordinator')) });
}
