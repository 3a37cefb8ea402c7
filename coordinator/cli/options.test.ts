import { describe, expect, it } from 'vitest';
import { commandHelp } from './help.ts';
import { type CommandSpec, parseBytes, parseCommand } from './options.ts';

const SPEC: CommandSpec = {
  name: 'serve',
  summary: 'Start it',
  usage: '[options]',
  positionals: 1,
  options: [
    { name: 'port', short: 'p', value: 'PORT', help: 'Port' },
    { name: 'lan', help: 'All addresses' },
    { name: 'advertise', value: 'NAME', repeatable: true, help: 'A name' },
    { name: 'format', value: 'NAME', help: 'Format' },
    { name: 'url', value: 'URL', help: 'Where' },
    { name: 'memory', value: 'SIZE', help: 'Memory' },
  ],
  examples: ['muster serve --lan'],
};

const parse = (...argv: string[]) => parseCommand(SPEC, argv);

describe('command lines', () => {
  it('reads switches, values, short names, repeats and positionals', () => {
    const args = parse('-p', '8080', '--lan', '--advertise', 'a.local', '--advertise=b.local', 'x');
    expect(args.integer('port', 0, 65_535)).toBe(8080);
    expect(args.has('lan')).toBe(true);
    expect(args.texts('advertise')).toEqual(['a.local', 'b.local']);
    expect(args.positionals).toEqual(['x']);
    expect(args.text('format')).toBeUndefined();
  });

  it('takes what follows -- as it is', () => {
    expect(parse('--', '-- a comment').positionals).toEqual(['-- a comment']);
  });

  it('names the nearest option for an unknown one', () => {
    expect(() => parse('--prot', '1')).toThrow(
      expect.objectContaining({ message: 'unknown option --prot', hint: 'Did you mean --port?', exitCode: 2 }),
    );
    expect(() => parse('--zebra')).toThrow(expect.objectContaining({ message: 'unknown option --zebra', hint: undefined }));
  });

  it('refuses missing, swallowed, surplus and repeated values', () => {
    expect(() => parse('--port')).toThrow('--port needs a value');
    expect(() => parse('--port', '--lan')).toThrow('--port needs a value');
    expect(() => parse('--port=')).toThrow('not empty');
    expect(() => parse('--lan=yes')).toThrow('--lan takes no value');
    expect(() => parse('--port', '1', '--port', '2')).toThrow('more than once');
    expect(() => parse('a', 'b')).toThrow('unexpected argument "b"');
  });

  it.each(['-1', '1.5', 'x', '65536', '1e3'])('refuses --port=%s', (text) => {
    expect(() => parse(`--port=${text}`).integer('port', 0, 65_535)).toThrow('whole number from 0 to 65535');
  });

  it('checks choices and URLs, and proposes what was meant', () => {
    expect(() => parse('--format', 'jsn').choice('format', ['table', 'json'])).toThrow(
      expect.objectContaining({ hint: 'Did you mean --format json?' }),
    );
    expect(parse('--url', 'http://a:1/').url('url')).toBe('http://a:1');
    expect(() => parse('--url', '10.0.0.1:7077').url('url')).toThrow(
      expect.objectContaining({ hint: 'Did you mean --url http://10.0.0.1:7077?' }),
    );
  });

  it('reads sizes', () => {
    expect(parseBytes('768MiB')).toBe(768 * 1024 ** 2);
    expect(parseBytes('1.5g')).toBe(1.5 * 1024 ** 3);
    expect(parseBytes('4096')).toBe(4096);
    expect(parseBytes('lots')).toBeUndefined();
    expect(() => parse('--memory', '1MiB').bytes('memory', 64 * 1024 ** 2, 4 * 1024 ** 3)).toThrow('between 64 MiB and 4 GiB');
  });

  it('shows every option in its help', () => {
    const help = commandHelp(SPEC);
    for (const option of SPEC.options) expect(help).toContain(`--${option.name}`);
    expect(help).toContain('Usage: muster serve [options]');
    expect(help).toContain('--help');
  });
});
