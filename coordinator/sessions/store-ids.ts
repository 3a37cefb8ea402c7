/**
 * Store ids, signed so that nobody can claim another profile's blocks or trust. The signed form `s-RANDOM.SIGNATURE` is
 * known to the coordinator and that profile only; everything shown or stored elsewhere uses the bare id.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { makeId, type StoreId } from '../../shared/ids.ts';
import type { MetaStore } from '../store/meta.ts';

const META_KEY = 'store-id-key';

export class StoreIds {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  static async open(meta: Pick<MetaStore, 'getOrCreate'>): Promise<StoreIds> {
    return new StoreIds(Buffer.from(await meta.getOrCreate(META_KEY, () => randomBytes(32).toString('hex')), 'hex'));
  }

  issue(): StoreId {
    return makeId('s', randomBytes) as StoreId;
  }

  sign(storeId: StoreId): string {
    return `${storeId}.${this.#mac(storeId).toString('base64url')}`;
  }

  /** The bare id of one that we signed; undefined for anything else. */
  verify(signed: string): StoreId | undefined {
    const [storeId, signature, ...rest] = signed.split('.');
    if (storeId === undefined || signature === undefined || rest.length > 0) return undefined;
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#mac(storeId);
    return given.length === expected.length && timingSafeEqual(given, expected) ? (storeId as StoreId) : undefined;
  }

  #mac(storeId: string): Buffer {
    return createHmac('sha256', this.#key).update(storeId).digest();
  }
}
