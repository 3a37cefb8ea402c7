/** Incoming frames to checked messages. */
import { LIMITS } from '../../shared/limits.ts';
import { checkerOf } from '../../shared/protocol/checker.ts';
import { DataMessage, PieceHeader } from '../../shared/protocol/data.ts';
import { decodeFrame } from '../../shared/protocol/frames.ts';
import { CoordinatorMessage } from '../../shared/protocol/session.ts';

/** A frame that breaks the protocol; its message goes into the close reason. */
export class BadMessageError extends Error {
  override name = 'BadMessageError';
}

export interface SessionFrame {
  readonly message: CoordinatorMessage;
  /** Bytes behind the header of a binary frame; empty for text. */
  readonly payload: Uint8Array;
}

const isSessionMessage = checkerOf<CoordinatorMessage>(CoordinatorMessage);
const isDataMessage = checkerOf<DataMessage>(DataMessage);
const isPieceHeader = checkerOf<PieceHeader>(PieceHeader);
const NOTHING = new Uint8Array(0);

function parse(text: string): unknown {
  if (text.length > LIMITS.sessionFrameBytes) throw new BadMessageError('a text frame is over the limit');
  try {
    return JSON.parse(text);
  } catch {
    throw new BadMessageError('a text frame is no JSON');
  }
}

export function readSessionText(text: string): SessionFrame {
  const message = parse(text);
  if (!isSessionMessage(message)) throw new BadMessageError('a session message has the wrong form');
  return { message, payload: NOTHING };
}

export function readSessionBinary(frame: Uint8Array): SessionFrame {
  if (frame.byteLength > LIMITS.sessionBinaryFrameBytes) throw new BadMessageError('a binary frame is over the limit');
  const { header, payload } = decode(frame);
  if (!isSessionMessage(header)) throw new BadMessageError('a session message has the wrong form');
  return { message: header, payload };
}

export function readDataText(text: string): DataMessage {
  const message = parse(text);
  if (!isDataMessage(message)) throw new BadMessageError('a data message has the wrong form');
  return message;
}

export function readPiece(frame: Uint8Array): { readonly header: PieceHeader; readonly payload: Uint8Array } {
  const { header, payload } = decode(frame);
  if (!isPieceHeader(header)) throw new BadMessageError('a piece has the wrong form');
  if (payload.byteLength > LIMITS.pieceBytes) throw new BadMessageError('a piece is over the limit');
  return { header, payload };
}

function decode(frame: Uint8Array): { readonly header: unknown; readonly payload: Uint8Array } {
  try {
    return decodeFrame(frame, LIMITS.sessionFrameBytes);
  } catch (error) {
    throw new BadMessageError((error as Error).message);
  }
}
