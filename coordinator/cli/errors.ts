/** What a command says before it exits with something other than 0. */

/** The command could not do its work; printed as `muster: message`, then the hint. */
export class CommandError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, hint?: string, exitCode = 1) {
    super(message);
    this.name = 'CommandError';
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong: exit code 2, as shells and `getopt` have it. */
export class UsageError extends CommandError {
  constructor(message: string, hint?: string) {
    super(message, hint, 2);
    this.name = 'UsageError';
  }
}

/** The message of anything thrown; with its `cause` where the message alone says too little (`fetch failed`). */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  const saidAlready = 'hint' in error || error.message.includes(cause);
  return saidAlready ? error.message : `${error.message}: ${cause}`;
}

/** Node's error code (`EADDRINUSE`), of the error or of its cause. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}
