/** `disk-full`: no space, or the cap is reached; `corrupt`: the bytes are not those of the digest; `io`: anything else. */
export type BlockErrorCode = 'disk-full' | 'corrupt' | 'io';

export class BlockError extends Error {
  override name = 'BlockError';
  readonly code: BlockErrorCode;

  constructor(code: BlockErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export function asBlockError(error: unknown, doing: string): BlockError {
  if (error instanceof BlockError) return error;
  const code = errnoOf(error);
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new BlockError('disk-full', `No space is left on the disk, ${doing}.`, error);
  return new BlockError('io', `${doing}: ${detail}`, error);
}

export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
