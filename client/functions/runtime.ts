/**
 * What stands before an author's functions in the script of a step: values as text, and steps in a row. JavaScript as text, for QuickJS.
 * encoding.ts is the same format on this side; encoding.test.ts compares them.
 */
export const RUNTIME = String.raw`const __name = (value) => value;
const $muster = (() => {
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { keys, prototype, getPrototypeOf, defineProperty } = Object;
  const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const toBase64 = (b) => {
    let t = '';
    for (let i = 0; i < b.length; i += 3) {
      const w = (b[i] << 16) | ((b[i + 1] ?? 0) << 8) | (b[i + 2] ?? 0);
      t += DIGITS[w >> 18] + DIGITS[(w >> 12) & 63] + (i + 1 < b.length ? DIGITS[(w >> 6) & 63] : '=') + (i + 2 < b.length ? DIGITS[w & 63] : '=');
    }
    return t;
  };
  const fromBase64 = (t) => {
    const d = t.replace(/=+$/, '');
    const b = new Uint8Array((d.length * 3) >> 2);
    for (let i = 0, w = 0, bits = 0, at = 0; i < d.length; i++) {
      w = ((w << 6) | DIGITS.indexOf(d[i])) & 0xffffff;
      bits += 6;
      if (bits >= 8) { bits -= 8; b[at++] = (w >> bits) & 0xff; }
    }
    return b;
  };
  const kindOf = (v) => v === undefined ? 'undefined' : typeof v === 'object' ? 'a ' + (v.constructor?.name || 'value') : 'a ' + typeof v;
  const refuse = (v) => { throw new TypeError(kindOf(v) + ' is no value of an element: use null, booleans, numbers, bigints, strings, arrays, plain objects, Uint8Array'); };
  const numberText = (v) => Number.isFinite(v) && !Object.is(v, -0) ? stringify(v) : '{"$":"' + (Object.is(v, -0) ? '-0' : v) + '"}';
  const write = (v, isKey) => {
    switch (typeof v) {
      case 'string': case 'boolean': return stringify(v);
      case 'number': return isKey && v === 0 ? '0' : numberText(v);
      case 'bigint': return '{"$n":"' + v + '"}';
      case 'object': break;
      default: return refuse(v);
    }
    if (v === null) return 'null';
    if (isArray(v)) {
      let t = '[';
      for (let i = 0; i < v.length; i++) t += (i > 0 ? ',' : '') + (v[i] === undefined ? 'null' : write(v[i], isKey));
      return t + ']';
    }
    if (v instanceof Uint8Array) return '{"$b":"' + toBase64(v) + '"}';
    const proto = getPrototypeOf(v);
    if (proto !== prototype && proto !== null) return refuse(v);
    const names = keys(v);
    if (isKey) names.sort();
    let t = '{';
    for (const name of names) {
      if (v[name] === undefined) continue;
      t += (t.length > 1 ? ',' : '') + stringify(name[0] === '$' ? '$' + name : name) + ':' + write(v[name], isKey);
    }
    return t + '}';
  };
  const revive = (v) => {
    if (typeof v !== 'object' || v === null) return v;
    if (isArray(v)) { for (let i = 0; i < v.length; i++) v[i] = revive(v[i]); return v; }
    const names = keys(v);
    if (names.length === 1) {
      const [name] = names;
      if (name === '$') return +v.$;
      if (name === '$n') return BigInt(v.$n);
      if (name === '$b') return fromBase64(v.$b);
    }
    const out = {};
    for (const name of names) defineProperty(out, name[0] === '$' ? name.slice(1) : name, { value: revive(v[name]), writable: true, enumerable: true, configurable: true });
    return out;
  };
  const encode = (v) => write(v, false);
  const decode = (t) => t.includes('"$') ? revive(parse(t)) : parse(t);
  const keyOf = (v) => typeof v === 'string' ? stringify(v) : write(v, true);

  const view = new DataView(new ArrayBuffer(8));
  const hex = (n) => n.toString(16).padStart(8, '0');
  const order = (v) => {
    switch (typeof v) {
      case 'boolean': return v ? 'b1' : 'b0';
      case 'number': {
        view.setFloat64(0, v === 0 ? 0 : v);
        const [high, low] = [view.getUint32(0), view.getUint32(4)];
        if (Number.isNaN(v)) return 'o';
        return 'n' + (high >>> 31 ? hex(~high >>> 0) + hex(~low >>> 0) : hex((high | 0x80000000) >>> 0) + hex(low));
      }
      case 'bigint': {
        const digits = String(v < 0n ? -v : v);
        const text = hex(digits.length) + digits;
        return v < 0n ? 'm0' + text.replace(/[0-9a-f]/g, (d) => (15 - parseInt(d, 16)).toString(16)) + 'g' : 'm1' + text;
      }
      case 'string': return 's' + v.replace(/[\0-\x02]/g, (c) => '\x02' + String.fromCharCode(c.charCodeAt(0) + 3)) + '\x01';
    }
    if (v === null) return 'a';
    if (!isArray(v)) throw new TypeError(kindOf(v) + ' has no order: sort by null, booleans, numbers, bigints, strings or arrays of these');
    return 't' + v.map(order).join('') + '\x01';
  };

  const context = (given, c) => {
    const broadcasts = new Map();
    return {
      params: given.params,
      partition: c.partition,
      broadcast(name) {
        if (!broadcasts.has(name)) {
          if (!given.broadcast || !Object.hasOwn(given.broadcast, name)) throw new ReferenceError('no broadcast value is called ' + name + ': give it in the options of the step');
          broadcasts.set(name, decode(given.broadcast[name]));
        }
        return broadcasts.get(name);
      },
      add: (name, n) => c.add(name, n),
      side: (k) => c.side(k),
    };
  };
  const contexts = (labels, c) => {
    const given = decode(c.params.given ?? '[]');
    return labels.map((_, i) => context(given[i] ?? {}, c));
  };
  const inStep = (label, error) => {
    if (error instanceof Error) {
      error.message = 'in ' + label + ': ' + error.message;
      return error;
    }
    return new Error('in ' + label + ': ' + (typeof error === 'string' ? error : write(error, false)));
  };
  const iterable = (v) => {
    if (v === null || v === undefined) return [];
    if (typeof v === 'object' && typeof v[Symbol.iterator] === 'function') return v;
    throw new TypeError('the function must return an array (or another iterable), not ' + kindOf(v));
  };
  const settled = (v) => {
    if (typeof v === 'object' && v !== null && typeof v.then === 'function') throw new TypeError('functions must not be async');
    return v;
  };
  const pair = (v) => {
    if (isArray(v) && v.length === 2) return v;
    throw new TypeError('the next step needs pairs [key, value], and this made ' + (isArray(v) ? 'an array of ' + v.length : kindOf(v)));
  };

  const READS = {
    values: (row) => decode(row.v),
    pairs: (row) => [decode(row.k), decode(row.v)],
    text: (row) => row.v,
    rows: (row) => row,
  };
  const FORMS = {
    values: (v) => ({ v: encode(v) }),
    distinct: (v) => ({ v: keyOf(v) }),
    pairs: (v) => ({ k: keyOf(pair(v)[0]), v: encode(v[1]) }),
    ordered: (v) => ({ s: order(v[0]), v: encode(v[1]) }),
    rows: (v) => v,
  };
  /** Functions one after the other. Whoever takes an element is the one to blame for what happens next. */
  const chainOf = (steps, end) => {
    const labels = [...steps.map((step) => step.label), ...(end === undefined ? [] : [end])];
    const self = {
      ctx: undefined,
      at: 0,
      ready(c) { self.ctx ??= contexts(labels, c); },
      blame: (error) => (labels.length === 0 ? error : inStep(labels[self.at] ?? labels.at(-1), error)),
      through(from, to, sink) {
        let next = (v) => { self.at = to; sink(v); };
        for (let i = to - 1; i >= from; i--) {
          const [{ kind, fn }, then, mine] = [steps[i], next, i];
          if (kind === 'map') next = (v) => { self.at = mine; then(settled(fn(v, self.ctx[mine]))); };
          else if (kind === 'filter') next = (v) => { self.at = mine; if (settled(fn(v, self.ctx[mine]))) then(v); };
          else if (kind === 'keyBy') next = (v) => { self.at = mine; then([settled(fn(v, self.ctx[mine])), v]); };
          else if (kind === 'mapValues') next = (v) => { self.at = mine; const [key, value] = pair(v); then([key, settled(fn(value, self.ctx[mine]))]); };
          else next = (v) => { self.at = mine; for (const one of iterable(settled(fn(v, self.ctx[mine])))) { then(one); self.at = mine; } };
        }
        return next;
      },
    };
    return self;
  };
  /** A script's function for elements that go through steps one by one, or with whole partitions. */
  const pipeline = (from, steps, to) => {
    const read = READS[from];
    const form = FORMS[to];
    const chain = chainOf(steps);
    if (steps.every((step) => step.kind !== 'mapPartitions')) {
      let out = [];
      const head = chain.through(0, steps.length, (v) => out.push(form(v)));
      return (row, c) => {
        chain.ready(c);
        out = [];
        try { head(read(row)); } catch (error) { throw chain.blame(error); }
        return out;
      };
    }
    function* through(elements, begin, end) {
      let out = [];
      const head = chain.through(begin, end, (v) => out.push(v));
      for (const v of elements) {
        out = [];
        head(v);
        for (const one of out) { chain.at = end; yield one; }
      }
      chain.at = end;
    }
    function* readAll(rows) { for (const row of rows) yield read(row); }
    function* all(rows) {
      try {
        let elements = readAll(rows);
        let begin = 0;
        for (let i = 0; i < steps.length; i++) {
          if (steps[i].kind !== 'mapPartitions') continue;
          const input = through(elements, begin, i);
          elements = (function* () { chain.at = i; yield* iterable(settled(steps[i].fn(input, chain.ctx[i]))); })();
          begin = i + 1;
        }
        for (const v of through(elements, begin, steps.length)) yield form(v);
      } catch (error) { throw chain.blame(error); }
    }
    return (rows, c) => { chain.ready(c); return all(rows); };
  };
  /** What a function over rows made: generators run, and throw, only when they are read. */
  function* readIn(label, made) {
    try { yield* made; } catch (error) { throw inStep(label, error); }
  }
  const manyOf = (label, made) => { const all = iterable(settled(made)); return isArray(all) ? all : readIn(label, all); };
  const calling = (label, call) => {
    let ctx;
    return (c, given) => {
      ctx ??= contexts([label], c);
      try { return call(ctx[0], given); } catch (error) { throw inStep(label, error); }
    };
  };
  /** A script's function over rows, which are what the prelude makes of them. */
  const overRows = (label, fn, kind) => {
    const isMany = kind === 'flatMap' || kind === 'mapPartitions';
    const run = calling(label, (ctx, row) => (isMany ? manyOf(label, fn(row, ctx)) : settled(fn(row, ctx))));
    return (row, c) => run(c, row);
  };
  /** A script's function over a key and the rows that two relations have for it. */
  const overBoth = (label, fn) => {
    const run = calling(label, (ctx, [key, left, right]) => manyOf(label, fn(key, left, right, ctx)));
    return (key, left, right, c) => run(c, [key, left, right]);
  };
  /**
   * A script's aggregate: elements go through steps and into the state of their key. No value is a state of its own: there may be nothing
   * to begin with.
   */
  const aggregate = (label, from, steps, { first, add, merge, finish }) => {
    const read = READS[from];
    const chain = chainOf(steps, label);
    let state = [];
    const own = () => chain.ctx[steps.length];
    const head = chain.through(0, steps.length, (v) => { state = [settled(state.length === 0 ? first(v, own()) : add(state[0], v, own()))]; });
    const guarded = (c, run) => {
      chain.ready(c);
      chain.at = steps.length;
      try { return run(); } catch (error) { throw chain.blame(error); }
    };
    return {
      zero: () => [],
      add: (before, row, c) => guarded(c, () => { state = before; head(read(row)); return state; }),
      merge: (a, b, c) => (a.length === 0 ? b : b.length === 0 ? a : guarded(c, () => [settled(merge(a[0], b[0], own()))])),
      finish: (done, _, c) => guarded(c, () => (done.length === 0 ? { v: null } : { v: encode(finish ? finish(done[0], own()) : done[0]) })),
    };
  };
  /** A script's aggregate over rows by keys, as its author wrote it. */
  const overGroups = (label, { zero, add, merge, finish }) => {
    let ctx;
    const guarded = (c, run) => {
      ctx ??= contexts([label], c);
      try { return settled(run(ctx[0])); } catch (error) { throw inStep(label, error); }
    };
    return {
      zero: (c) => guarded(c, (own) => zero(own)),
      add: (state, row, c) => guarded(c, (own) => add(state, row, own)),
      merge: (a, b, c) => guarded(c, (own) => merge(a, b, own)),
      finish: (state, keys, c) => guarded(c, (own) => (finish ? finish(state, keys, own) : state)),
    };
  };
  return { encode, decode, keyOf, order, pipeline, overRows, overBoth, aggregate, overGroups };
})();
`;
