/**
 * A clock and random numbers that are the same everywhere, for guests in QuickJS: JavaScript as text, evaluated in there before the
 * author's code.
 */

/** Evaluated first, once; its value is a function of the host's functions, the seed's halves and the clock's start in ms. */
export const DETERMINISM = String.raw`
((seedLow, seedHigh, startMs) => {
  // xoshiro128** (Blackman and Vigna), seeded through splitmix32.
  let state = seedLow ^ Math.imul(seedHigh, 0x9e3779b1);
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = next() ^ seedHigh, b = next(), c = next(), d = next();
  const imul = Math.imul;
  const u32 = () => {
    let r = imul(b, 5);
    r = imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a; d ^= b; b ^= c; a ^= d; c ^= t;
    d = (d << 11) | (d >>> 21);
    return r;
  };
  Math.random = function random() { return ((u32() >>> 5) * 67108864 + (u32() >>> 6)) / 9007199254740992; };

  const Real = Date;
  const proto = Real.prototype;
  const realParse = Real.parse;
  const realUtc = Real.UTC;
  const construct = Reflect.construct;
  const offsetOf = proto.getTimezoneOffset;
  let micros = 0;
  // A look costs a microsecond.
  const now = () => startMs + Math.floor(++micros / 1000);
  const ZONED = /(Z|[+-]\d\d:?\d\d|GMT|UTC)\s*(\([^)]*\))?$/i;
  const DATE_ONLY = /^[+-]?\d{4,6}(-\d\d(-\d\d)?)?$/;
  // Text without a zone means UTC here, whatever zone the machine is in.
  const parse = (text) => {
    const at = realParse(text);
    if (at !== at || ZONED.test(text) || DATE_ONLY.test(text)) return at;
    return at - offsetOf.call(construct(Real, [at])) * 60000;
  };
  function Date_(...parts) {
    if (!new.target) return new Date_().toString();
    let at;
    if (parts.length === 0) at = now();
    else if (parts.length > 1) at = realUtc(...parts);
    else {
      const value = typeof parts[0] === 'object' && parts[0] !== null ? (parts[0] instanceof Real ? proto.getTime.call(parts[0]) : parts[0][Symbol.toPrimitive] ? parts[0][Symbol.toPrimitive]('default') : parts[0].valueOf()) : parts[0];
      at = typeof value === 'string' ? parse(value) : Number(value);
    }
    return construct(Real, [at], new.target);
  }
  const define = (object, name, value) => Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  define(Date_, 'name', 'Date');
  define(Date_, 'now', function () { return now(); });
  define(Date_, 'parse', function (text) { return parse(String(text)); });
  define(Date_, 'UTC', realUtc);
  Date_.prototype = proto;
  define(proto, 'constructor', Date_);
  for (const part of ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds']) {
    define(proto, 'get' + part, proto['getUTC' + part]);
    if (part !== 'Day') define(proto, 'set' + part, proto['setUTC' + part]);
  }
  delete proto.getYear;
  delete proto.setYear;
  const iso = proto.toISOString;
  define(proto, 'getTimezoneOffset', function () { return 0; });
  for (const name of ['toString', 'toLocaleString']) define(proto, name, function () { return iso.call(this); });
  for (const name of ['toDateString', 'toLocaleDateString']) define(proto, name, function () { return iso.call(this).slice(0, 10); });
  for (const name of ['toTimeString', 'toLocaleTimeString']) define(proto, name, function () { return iso.call(this).slice(11); });
  define(globalThis, 'Date', Date_);
})
`;
