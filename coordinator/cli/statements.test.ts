import { expect, it } from 'vitest';
import { oneLine } from './history.ts';
import { isBlank, splitStatements } from './statements.ts';

it('splits at semicolons, but not in quotes, comments and dollar quotes', () => {
  expect(splitStatements('select \';\'; select 2 -- ;\n; select "a;b" /* ; */').complete).toEqual([
    "select ';'",
    'select 2 -- ;',
  ]);
  expect(splitStatements('select $$;$$; select $t$;$t$;').complete).toEqual(['select $$;$$', 'select $t$;$t$']);
  expect(splitStatements("select 'it''s;'; x").rest).toBe(' x');
});

it('leaves out empty statements', () => {
  expect(splitStatements(';; -- nothing\n;').complete).toEqual([]);
  expect(isBlank(' /* a */ -- b')).toBe(true);
  expect(isBlank('-- b\nx')).toBe(false);
  expect(isBlank('a - b')).toBe(false);
});

it('keeps an unfinished quote or comment open', () => {
  expect(splitStatements("select 'a;").rest).toBe("select 'a;");
  expect(splitStatements('select 1 /* ;').rest).toBe('select 1 /* ;');
});

it('joins lines for the history without changing what they mean', () => {
  expect(oneLine("select 1 -- one\n  from t\nwhere a = '--';")).toBe("select 1 /* one */ from t where a = '--';");
});
