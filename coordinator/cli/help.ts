/** The text of `--help`. */
import type { CommandSpec, OptionSpec } from './options.ts';
import { HELP } from './options.ts';

export function commandHelp(spec: CommandSpec): string {
  const lines = [`Usage: muster ${spec.name} ${spec.usage}`, '', spec.summary, '', 'Options:'];
  lines.push(...columns([...spec.options, HELP].map((option) => [heading(option), option.help])));
  for (const note of spec.notes ?? []) lines.push('', ...wrap(note, HELP_WIDTH));
  if (spec.examples.length > 0) lines.push('', 'Examples:', ...spec.examples.map((example) => `  ${example}`));
  return `${lines.join('\n')}\n`;
}

export function mainHelp(specs: readonly CommandSpec[]): string {
  const lines = [
    'Usage: muster COMMAND [options]',
    '',
    'Muster turns open browser tabs into a compute cluster.',
    '',
    'Commands:',
    ...columns(specs.map((spec) => [spec.name, spec.summary])),
    '',
    'Options:',
    ...columns([
      ['-h, --help', "Show this help; `muster COMMAND --help` shows a command's"],
      ['--version', 'Print the version'],
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function heading(option: OptionSpec): string {
  const long = `--${option.name}${option.value ? ` ${option.value}` : ''}`;
  return option.short ? `-${option.short}, ${long}` : long;
}

const HELP_WIDTH = 100;

function columns(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, HELP_WIDTH - width - 4);
    return [`  ${left.padEnd(width)}  ${first}`, ...rest.map((line) => `${' '.repeat(width + 4)}${line}`)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return [...lines, line];
}
