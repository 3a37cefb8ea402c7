import { expect, test } from 'vitest';
import { bearer } from './bearer.ts';
import { HostList, hostName, isLoopbackAddress, isLoopbackName } from './hosts.ts';

test.each([
  ['localhost:7077', 'localhost'],
  ['LocalHost', 'localhost'],
  ['localhost.:7077', 'localhost'],
  ['[::1]:7077', '::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['muster.school.example:80', 'muster.school.example'],
  ['a b', undefined],
  ['user@localhost', undefined],
  ['localhost:7077/path', undefined],
  ['localhost,evil.example', undefined],
  ['', undefined],
  [undefined, undefined],
])('the name in Host %s', (header, name) => {
  expect(hostName(header)).toBe(name);
});

test('loopback is told by the whole name, not by its beginning', () => {
  for (const name of ['localhost', 'a.localhost', '127.0.0.1', '127.1.2.3', '::1']) expect(isLoopbackName(name), name).toBe(true);
  for (const name of ['localhost.evil.example', '127.0.0.1.evil.example', '127.evil', 'xlocalhost', '10.0.0.1']) {
    expect(isLoopbackName(name), name).toBe(false);
  }
  expect(isLoopbackAddress('::ffff:127.0.0.1')).toBe(true);
  expect(isLoopbackAddress('::ffff:10.0.0.1')).toBe(false);
  expect(isLoopbackAddress(undefined)).toBe(false);
});

test('advertised names are allowed with and without their port, others are not', () => {
  const hosts = new HostList({ host: '127.0.0.1', lan: false, advertise: ['Muster.Example:7077', '[fd00::1]'] });
  expect(hosts.has('muster.example')).toBe(true);
  expect(hosts.has('fd00::1')).toBe(true);
  expect(hosts.has('other.example')).toBe(false);
  expect(hosts.beyondLoopback).toBe(true);
  expect(new HostList({ host: '127.0.0.1', lan: false, advertise: [] }).beyondLoopback).toBe(false);
  expect(new HostList({ host: '192.168.1.5', lan: false, advertise: [] }).has('192.168.1.5')).toBe(true);
  expect(() => new HostList({ host: '127.0.0.1', lan: false, advertise: ['http://x/'] })).toThrow(/--advertise/);
});

test('a malformed Authorization header is a token that nobody has, not no token', () => {
  expect(bearer(undefined)).toBeUndefined();
  expect(bearer('Bearer abc')).toBe('abc');
  expect(bearer('bearer abc')).toBe('abc');
  for (const header of ['', 'Basic abc', 'Bearer', 'Bearer a b']) expect(bearer(header), header).toBe('');
});
