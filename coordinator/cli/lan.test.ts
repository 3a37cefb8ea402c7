import { expect, it } from 'vitest';
import { joinUrl, lanAddresses } from '../auth/join-link.ts';
import { joinLines } from './lan.ts';
import { isLoopback } from './target.ts';

const address = (text: string, internal = false) => ({
  address: text,
  family: 'IPv4' as const,
  internal,
  netmask: '',
  mac: '',
  cidr: null,
});

it('finds the addresses that others can reach, real networks first', () => {
  const found = lanAddresses({
    lo: [address('127.0.0.1', true)],
    docker0: [address('172.17.0.1')],
    wlan0: [address('192.168.1.20'), address('169.254.3.4')],
  });
  expect(found).toEqual(['192.168.1.20', '172.17.0.1']);
});

it('carries the token in the fragment only', () => {
  expect(joinUrl('192.168.1.20', 7077, 'abc')).toBe('http://192.168.1.20:7077/#t=abc');
  expect(joinUrl('grid.school:80', 7077, undefined)).toBe('http://grid.school:80/');
  expect(joinUrl('fe80::1', 7077, 'x')).toBe('http://[fe80::1]:7077/#t=x');
});

it('draws a QR code, and says so when there is no network', () => {
  const lines = joinLines(['192.168.1.20', '10.0.0.5'], 7077, 'v', 'a').join('\n');
  expect(lines).toMatch(/[▀▄█]{5}/);
  expect(lines).toContain('http://10.0.0.5:7077/#t=v');
  expect(lines).toContain('http://192.168.1.20:7077/dashboard#t=a');
  expect(joinLines([], 7077, 'v', 'a')).toEqual(['This machine has no address on a network: nobody else can join.']);
});

it('knows loopback, so that the admin token leaves no machine', () => {
  expect(['http://127.0.0.1:1', 'http://localhost', 'http://[::1]:2'].every(isLoopback)).toBe(true);
  expect(['http://192.168.1.2', 'http://127.0.0.1.evil.org', 'https://localhost.evil.org'].some(isLoopback)).toBe(false);
});
