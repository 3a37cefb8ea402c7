/** A part of what runs inside QuickJS (prelude.ts): groups of rows with equal keys. */

/** Uses freeze and is; `finished` gives a group's row. */
export const GROUPS = String.raw`  let fn, context, keys = [], groups = new Map();
  const keyOf = (value) => { let key = ''; for (let i = 0; i < keys.length; i++) key += freeze(is(value[keys[i]], -0) ? 0 : (value[keys[i]] ?? null)) + '\n'; return key; };
  const groupOf = (value, state) => {
    const key = keyOf(value);
    let group = groups.get(key);
    if (group === undefined) {
      group = { keys: {}, state: undefined, fresh: true };
      for (let i = 0; i < keys.length; i++) group.keys[keys[i]] = value[keys[i]] ?? null;
      groups.set(key, group);
    }
    return group;
  };
  const merged = (before, after) => (after === undefined ? before : after);

  // A group of cogroup: its keys by name, and the rows of both.
  const bothOf = (value) => {
    const both = { keys: {}, left: [], right: [] };
    for (let i = 0; i < keys.length; i++) both.keys[keys[i]] = value[keys[i]] ?? null;
    return both;
  };

  // Its keys are the group's: the planner takes it that rows stay where their keys have brought them.
  const finished = (group) => {
    const made = fn.finish ? fn.finish(group.state, { ...group.keys }, context) : { value: group.state };
    for (let i = 0; i < keys.length; i++) {
      const own = group.keys[keys[i]], other = made?.[keys[i]];
      if (other === undefined || is(other, own) || freeze(other) === freeze(own)) continue;
      throw new TypeError('finish changed the key ' + keys[i] + ': a group keeps its keys, so return it under another name');
    }
    return { ...made, ...group.keys };
  };

`;
