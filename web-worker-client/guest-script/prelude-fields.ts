/** A part of prelude.ts: notices a misspelt field, which would give a column of nothing but NULLs. */

export const FIELDS = `
  // Which columns no row had yet; and as long as there are some, the fields of rows that are neither columns nor the input's.
  let declared = '';
  let absent = [];
  const given = { __proto__: null };
  let strange = [];
  const STRANGE = 8, LOOKED_AT = 1000;
  let lookedAt = 0;
  const look = (value) => {
    absent = absent.filter((name) => !hasOwn(value, name));
    if (absent.length === 0 || lookedAt++ >= LOOKED_AT) return;
    const fields = namesOf(value);
    for (let i = 0; i < fields.length && strange.length < STRANGE; i++) {
      const name = fields[i];
      if (!names.includes(name) && !given[name] && !strange.includes(name)) strange[strange.length] = name;
    }
  };
`;
