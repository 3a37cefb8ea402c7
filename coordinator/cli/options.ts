/** Command lines: what each command takes, and node:util's parser with errors that name the nearest option. */
import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';

export interface OptionSpec {
  /** Long name without dashes. */
  readonly name: string;
  readonly short?: string;
  /** What its value stands for in help, e.g. `PORT`. Absent: a switch. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** After the command's name, e.g. `[options] "SQL"`. */
  readonly usage: string;
  readonly options: readonly OptionSpec[];
  /** How many positional arguments it takes at most. */
  readonly positionals: number;
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
}

export const HELP: OptionSpec = { name: 'help', short: 'h', help: 'Show this help' };

/** A parsed command line. The readers below check values and name the option in their errors. */
export class Arguments {
  readonly positionals: readonly string[];
  private readonly values: ReadonlyMap<string, readonly (string | true)[]>;

  constructor(values: ReadonlyMap<string, readonly (string | true)[]>, positionals: readonly string[]) {
    this.values = values;
    this.positionals = positionals;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.values.get(name)?.at(-1);
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    return (this.values.get(name) ?? []).filter((value) => typeof value === 'string');
  }

  /** A whole number within [min, max], or undefined where the option was not given. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
    }
    return value;
  }

  /** One of `choices`, or undefined where the option was not given. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found) return found;
    const near = nearest(text, choices);
    throw new UsageError(
      `--${name} takes ${choices.join(', ')}, not ${JSON.stringify(text)}`,
      near ? `Did you mean --${name} ${near}?` : undefined,
    );
  }

  /** Bytes, written `512MiB`, `2GiB`, `1.5G` or as a bare number of bytes. */
  bytes(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const bytes = parseBytes(text);
    if (bytes === undefined) throw new UsageError(`--${name} takes a size such as 768MiB or 2GiB, not ${JSON.stringify(text)}`);
    if (bytes < min || bytes > max) {
      throw new UsageError(`--${name} must lie between ${mebibytes(min)} and ${mebibytes(max)}; ${text} does not`);
    }
    return bytes;
  }

  /** An http(s) URL without a trailing slash. */
  url(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
      throw new UsageError(
        `--${name} takes a URL such as http://127.0.0.1:7077, not ${JSON.stringify(text)}`,
        URL.canParse(`http://${text}`) ? `Did you mean --${name} http://${text}?` : undefined,
      );
    }
    return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '');
  }
}

const UNITS: { readonly [unit: string]: number } = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()];
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}

const mebibytes = (bytes: number) => (bytes >= 1024 ** 3 ? `${bytes / 1024 ** 3} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`);

/** Throws UsageError for what the command does not take; `--help` is accepted everywhere and left to the caller. */
export function parseCommand(spec: CommandSpec, argv: readonly string[]): Arguments {
  const options = [...spec.options, HELP];
  const { tokens } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      options.map((option) => [
        option.name,
        { type: option.value ? ('string' as const) : ('boolean' as const), ...(option.short ? { short: option.short } : {}) },
      ]),
    ),
  });
  const values = new Map<string, (string | true)[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = options.find((candidate) => candidate.name === token.name);
    if (!option) throw unknownOption(token.rawName, options);
    values.set(option.name, [...(values.get(option.name) ?? []), valueFor(option, token)]);
  }
  refuseRepeats(options, values);
  if (positionals.length > spec.positionals && !values.has('help')) {
    throw new UsageError(
      `unexpected argument ${JSON.stringify(positionals[spec.positionals])}`,
      spec.name === 'sql' ? 'Quote the whole query: muster sql "SELECT ..."' : undefined,
    );
  }
  return new Arguments(values, positionals);
}

function valueFor(option: OptionSpec, token: { value?: string | undefined; inlineValue?: boolean | undefined }): string | true {
  if (!option.value) {
    if (token.value !== undefined) throw new UsageError(`--${option.name} takes no value`);
    return true;
  }
  // `--port --lan` swallows the next option; `--name=-x` is meant.
  if (token.value === undefined || (!token.inlineValue && token.value.startsWith('-') && token.value !== '-')) {
    throw new UsageError(`--${option.name} needs a value: --${option.name} ${option.value}`);
  }
  if (token.value === '')
    throw new UsageError(`--${option.name} needs a value that is not empty: --${option.name} ${option.value}`);
  return token.value;
}

function unknownOption(rawName: string, options: readonly OptionSpec[]): UsageError {
  const near = nearest(
    rawName.replace(/^-+/, ''),
    options.map((option) => option.name),
  );
  return new UsageError(`unknown option ${rawName}`, near ? `Did you mean --${near}?` : undefined);
}

function refuseRepeats(options: readonly OptionSpec[], values: ReadonlyMap<string, readonly unknown[]>): void {
  for (const option of options) {
    if (option.value && !option.repeatable && (values.get(option.name)?.length ?? 0) > 1) {
      throw new UsageError(`--${option.name} is given more than once`);
    }
  }
}
