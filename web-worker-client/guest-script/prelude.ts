/**
 * What runs inside QuickJS around an author's function: rows from columns, and columns from rows. It takes the intrinsics it needs before
 * the author's code can change them. JavaScript as text: it is evaluated in there, with the functions of the host as `host`.
 */
import { FIELDS } from './prelude-fields.ts';
import { GROUPS } from './prelude-groups.ts';

/** Its value is a function of the host's functions, which gives what the host calls. */
export const RUNNER = `
((host) => {
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { hasOwn, keys: namesOf } = Object;
  const toStringTag = Object.prototype.toString;
  const isFinite_ = Number.isFinite;
  const is = Object.is;
  const big = BigInt;
  const number = Number;
  const bytesOf = Uint8Array;
  const iterator = Symbol.iterator;
  const typed = { Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array };
  const level = (number) => function (...words) {
    let line = '';
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      line += (i > 0 ? ' ' : '') + (typeof word === 'string' ? word : typeof word === 'object' && word !== null ? stringify(word, (_, v) => (typeof v === 'bigint' ? String(v) : v)) : String(word));
    }
    host.log(number, line);
  };
  globalThis.console = { debug: level(0), log: level(1), info: level(1), warn: level(2), error: level(3) };

  const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const VALUES = {};
  for (let i = 0; i < 64; i++) VALUES[DIGITS[i]] = i;
  const fromBase64 = (text) => {
    const digits = text.replace(/=+$/, '');
    const bytes = new bytesOf((digits.length * 3) >> 2);
    let word = 0, bits = 0, at = 0;
    for (let i = 0; i < digits.length; i++) {
      word = ((word << 6) | VALUES[digits[i]]) & 0xffffff;
      bits += 6;
      if (bits >= 8) { bits -= 8; bytes[at++] = (word >> bits) & 0xff; }
    }
    return bytes;
  };
  const toBase64 = (bytes) => {
    let text = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const word = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      text += DIGITS[word >> 18] + DIGITS[(word >> 12) & 63] + (i + 1 < bytes.length ? DIGITS[(word >> 6) & 63] : '=') + (i + 2 < bytes.length ? DIGITS[word & 63] : '=');
    }
    return text;
  };

  // Values as JSON has them -> values as the author sees them. undefined: the same.
  const reader = (type) => {
    const maybe = (read) => (value) => (value === null ? null : read(value));
    if (type.kind === 'big') return maybe((value) => big(value));
    if (type.kind === 'float') return maybe((value) => +value);
    if (type.kind === 'blob') return maybe(fromBase64);
    if (type.kind === 'list') {
      const item = reader(type.item);
      return item && maybe((value) => { for (let i = 0; i < value.length; i++) value[i] = item(value[i]); return value; });
    }
    if (type.kind === 'map') {
      const [key, item] = [reader(type.key) ?? ((v) => v), reader(type.item) ?? ((v) => v)];
      return maybe((value) => { for (let i = 0; i < value.length; i++) value[i] = [key(value[i][0]), item(value[i][1])]; return value; });
    }
    if (type.kind === 'struct') {
      const fields = [];
      for (const [name, of] of type.fields) { const read = reader(of); if (read) fields[fields.length] = [name, read]; }
      return fields.length === 0 ? undefined : maybe((value) => { for (let i = 0; i < fields.length; i++) value[fields[i][0]] = fields[i][1](value[fields[i][0]]); return value; });
    }
    return undefined;
  };

  // And back: what JSON would lose becomes text.
  const plain = (value) => {
    switch (typeof value) {
      case 'bigint': return String(value);
      case 'number': return isFinite_(value) && !is(value, -0) ? value : is(value, -0) ? '-0' : String(value);
      case 'undefined': return null;
      case 'function': case 'symbol': throw new TypeError('a ' + typeof value + ' is no value of a row');
      case 'object': break;
      default: return value;
    }
    if (value === null) return null;
    if (value instanceof bytesOf) return toBase64(value);
    if (isArray(value)) { const out = []; for (let i = 0; i < value.length; i++) out[i] = plain(value[i]); return out; }
    const tag = toStringTag.call(value);
    if (tag === '[object Promise]') throw new TypeError('a Promise is no value of a row: functions must not be async');
    if (tag === '[object Date]') return value.toISOString().slice(0, -1);
    if (tag === '[object Map]') { const out = []; for (const [k, v] of value) out[out.length] = [plain(k), plain(v)]; return out; }
    const out = { __proto__: null };
    for (const name in value) if (hasOwn(value, name)) out[name] = plain(value[name]);
    return out;
  };

  // State of aggregates between machines: as plain, but reading it back gives the same values.
  const freeze = (value) => stringify(value, function (name, v) {
    const raw = this[name];
    if (typeof raw === 'bigint') return { $bigint: String(raw) };
    if (typeof raw === 'number' && (!isFinite_(raw) || is(raw, -0))) return { $number: is(raw, -0) ? '-0' : String(raw) };
    if (raw instanceof bytesOf) return { $bytes: toBase64(raw) };
    if (raw instanceof Map) return { $map: [...raw] };
    if (raw instanceof Set) return { $set: [...raw] };
    return v;
  }) ?? 'null';
  const thaw = (text) => parse(text, (_, v) => {
    if (typeof v !== 'object' || v === null) return v;
    if (typeof v.$bigint === 'string') return big(v.$bigint);
    if (typeof v.$number === 'string') return +v.$number;
    if (typeof v.$bytes === 'string') return fromBase64(v.$bytes);
    if (isArray(v.$map)) return new Map(v.$map);
    if (isArray(v.$set)) return new Set(v.$set);
    return v;
  });

  let row = -1;          // counted over the partition, for messages
  let columns = [];      // of the batch at hand
  let rows = 0;
  let schema = [];
  let makeRow;
  const quoted = (name) => (name === '__proto__' ? '["__proto__"]' : stringify(name));

  // Rows that wait to be handed out, column by column.
  let names = [];
  let out = [];
  let waiting = 0;
  const FLUSH = 4096;

${FIELDS}  const flush = () => {
    if (waiting === 0) return;
    const text = stringify(out);
    out = names.map(() => []);
    waiting = 0;
    host.emit(text);
  };
  const put = (value) => {
    if (typeof value !== 'object' || value === null || isArray(value)) {
      if (toStringTag.call(value) === '[object Promise]') throw new TypeError('functions must not be async');
      throw new TypeError('a row must be an object with a field for each column, not ' + (value === null ? 'null' : isArray(value) ? 'an array' : typeof value));
    }
    if (toStringTag.call(value) === '[object Promise]') throw new TypeError('functions must not be async');
    for (let i = 0; i < names.length; i++) out[i][waiting] = hasOwn(value, names[i]) ? plain(value[names[i]]) : null;
    if (absent.length > 0) look(value);
    if (++waiting === FLUSH) flush();
  };
  const putAll = (values) => {
    if (values === null || values === undefined) return;
    if (typeof values !== 'object' || typeof values[iterator] !== 'function') throw new TypeError('the function must return an array (or another iterable) of rows');
    for (const value of values) put(value);
  };

  // What the author's functions add is summed here, and told after each call of the host's.
  const NAMES = 64;
  let sums = new Map();
  const tell = () => {
    for (const [name, sum] of sums) host.add(name, sum);
    sums = new Map();
  };
  const add = (name, amount) => {
    const n = typeof amount === 'bigint' ? number(amount) : amount;
    if (typeof name !== 'string' || typeof n !== 'number' || !isFinite_(n)) throw new TypeError('ctx.add takes a name and a finite number, not ' + typeof name + ' and ' + String(amount));
    sums.set(name, (sums.get(name) ?? 0) + n);
    if (sums.size > NAMES) tell();
  };

  const sides = [];
  let filling = [];
  const side = (k) => {
    if (sides[k] === undefined) throw new RangeError('there is no side ' + String(k) + ': the relation has ' + sides.length);
    return sides[k];
  };

${GROUPS}  const operations = {
    side: () => { for (let i = 0; i < rows; i++) filling[filling.length] = makeRow(columns, i); },
    map: () => { for (let i = 0; i < rows; i++) { row++; put(fn(makeRow(columns, i), context)); } },
    flatMap: () => { for (let i = 0; i < rows; i++) { row++; putAll(fn(makeRow(columns, i), context)); } },
    filter: () => {
      const kept = new bytesOf(rows);
      for (let i = 0; i < rows; i++) {
        row++;
        const keep = fn(makeRow(columns, i), context);
        if (typeof keep === 'object' && keep !== null && toStringTag.call(keep) === '[object Promise]') throw new TypeError('functions must not be async');
        if (keep) kept[i] = 1;
      }
      host.keep(kept.buffer);
    },
    aggregate: () => {
      for (let i = 0; i < rows; i++) {
        row++;
        const value = makeRow(columns, i);
        const group = groupOf(value);
        if (group.fresh) { group.state = fn.zero(context); group.fresh = false; }
        group.state = merged(group.state, fn.add(group.state, value, context));
      }
    },
    merge: () => {
      for (let i = 0; i < rows; i++) {
        row++;
        const value = makeRow(columns, i);
        const group = groupOf(value);
        const state = thaw(value.state);
        if (group.fresh) { group.state = state; group.fresh = false; }
        else group.state = merged(group.state, fn.merge(group.state, state, context));
      }
    },
  };
  const ends = {
    // Rows are pulled while the author's function runs, a batch at a time.
    mapPartitions: () => {
      function* all() { while (host.pull()) for (let i = 0; i < rows; i++) { row++; yield makeRow(columns, i); } }
      putAll(fn(all(), context));
    },
    // Rows of the input come with equal keys side by side; those of side 0 that meet none of them follow at the end.
    cogroup: () => {
      const others = new Map();
      for (const value of sides[0] ?? []) {
        const key = keyOf(value);
        if (!others.has(key)) others.set(key, bothOf(value));
        const { right } = others.get(key);
        right[right.length] = value;
      }
      let at, both;
      const call = () => { if (both !== undefined) putAll(fn(both.keys, both.left, both.right, context)); };
      while (host.pull()) {
        for (let i = 0; i < rows; i++) {
          row++;
          const value = makeRow(columns, i), key = keyOf(value);
          if (key !== at) {
            call();
            at = key;
            both = others.get(key) ?? bothOf(value);
            others.delete(key);
          }
          both.left[both.left.length] = value;
        }
      }
      call();
      for (both of others.values()) call();
    },
    partial: () => {
      for (const group of groups.values()) put({ ...group.keys, state: freeze(group.state) });
      groups = new Map();
    },
    final: () => {
      for (const group of groups.values()) put(finished(group));
      groups = new Map();
    },
  };

  return {
    open(target, text) {
      const spec = parse(text);
      fn = target;
      keys = spec.keys;
      context = Object.freeze({ params: spec.params, partition: spec.partition, add, side });
    },
    outputs(text) {
      names = parse(text);
      out = names.map(() => []);
      waiting = 0;
      if (text !== declared) { declared = text; absent = names; strange = []; lookedAt = 0; }
    },
    fields: () => (absent.length > 0 && strange.length > 0 ? stringify({ absent, strange }) : ''),
    schema(text) {
      schema = parse(text);
      for (let i = 0; i < schema.length; i++) given[schema[i].name] = true;
      for (const column of schema) column.read = reader(column.type);
      makeRow = (0, eval)('((c,i)=>({' + schema.map(({ name }, i) => quoted(name) + ':c[' + i + '][i]').join(',') + '}))');
      columns = schema.map(() => []);
    },
    side(k) { filling = sides[k] = []; },
    begin(count) { rows = count; },
    column(at, data, validity) {
      const { type, read } = schema[at];
      if (typeof data === 'string') {
        const values = parse(data);
        if (read) for (let i = 0; i < rows; i++) values[i] = read(values[i]);
        columns[at] = values;
        return;
      }
      const values = new typed[type.array](data);
      if (validity === undefined) columns[at] = values;
      else {
        const bits = new bytesOf(validity);
        const list = [];
        for (let i = 0; i < rows; i++) list[i] = (bits[i >> 3] >> (i & 7)) & 1 ? values[i] : null;
        columns[at] = list;
      }
    },
    run(operation) { operations[operation](); flush(); tell(); },
    end(operation) { ends[operation](); flush(); tell(); },
    row: () => row,
  };
})
`;
