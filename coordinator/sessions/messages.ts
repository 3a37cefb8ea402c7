/** Checks what a worker says against the protocol's schemas, one compiled check per message type. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { LIMITS } from '../../shared/limits.ts';
import { decodeFrame, FrameError } from '../../shared/protocol/frames.ts';

/** What the peer did wrong, in words that fit into a close frame's reason. */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

export interface Incoming {
  readonly message: unknown;
  /** The rest of a binary frame. */
  readonly payload?: Uint8Array;
}

/** A frame as JSON and payload, within the limits. Throws ProtocolError. */
export function readFrame(data: Buffer, isBinary: boolean, limits: { readonly text: number; readonly binary: number }): Incoming {
  const limit = isBinary ? limits.binary : limits.text;
  if (data.byteLength > limit) throw new ProtocolError(`frame of ${data.byteLength} bytes is over the limit of ${limit}`);
  try {
    if (isBinary) {
      const { header, payload } = decodeFrame(data, LIMITS.sessionFrameBytes);
      return { message: header, payload };
    }
    return { message: JSON.parse(data.toString('utf8')) };
  } catch (error) {
    if (error instanceof FrameError) throw new ProtocolError(error.message);
    throw new ProtocolError('text frame is no JSON');
  }
}

export function typeOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  return typeof message.type === 'string' ? message.type : undefined;
}

interface UnionSchema extends TSchema {
  readonly anyOf: readonly TSchema[];
}

/** A checker of a union of objects that are told apart by `type`. Errors name the member and the field. */
export function messageChecker<T extends { readonly type: string }>(union: TSchema): (message: unknown) => T {
  const checks = new Map<string, ReturnType<typeof Compile>>();
  for (const member of (union as UnionSchema).anyOf) {
    const { properties } = member as TSchema & { readonly properties: { readonly type: { readonly const: string } } };
    checks.set(properties.type.const, Compile(member));
  }
  return (message) => {
    const type = typeOf(message);
    const check = type === undefined ? undefined : checks.get(type);
    if (!check) throw new ProtocolError(`unknown message type ${JSON.stringify(type ?? null)?.slice(0, 60)}`);
    if (!check.Check(message)) {
      const [first] = check.Errors(message);
      throw new ProtocolError(`${type}${first?.instancePath ?? ''} ${first?.message ?? 'does not fit its schema'}`);
    }
    return message as T;
  };
}
