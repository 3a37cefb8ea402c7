import { describe, expect, it } from 'vitest';
import { drawTable, milliseconds } from './table.ts';
import { displayWidth } from './width.ts';

const COLUMNS = [
  { name: 'origin', type: 'VARCHAR' },
  { name: 'flights', type: 'BIGINT' },
  { name: 'mean', type: 'DOUBLE' },
];

describe('tables', () => {
  it('puts numbers right and text left', () => {
    const table = drawTable(COLUMNS, [
      ['ATL', 123456, 8.5],
      ['O', 7, null],
    ]);
    expect(table).toBe(
      [' origin │ flights │ mean', '────────┼─────────┼──────', ' ATL    │  123456 │  8.5', ' O      │       7 │ NULL', ''].join(
        '\n',
      ),
    );
  });

  it('draws the head alone when there are no rows', () => {
    expect(drawTable(COLUMNS, []).split('\n')).toHaveLength(3);
  });

  it('narrows text before it drops columns, and never a line is too wide', () => {
    const rows = [['a very long name of an airport indeed', 1, 2]];
    const table = drawTable(COLUMNS, rows, { width: 40 });
    for (const line of table.trimEnd().split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(40);
    expect(table).toContain('…');
    expect(table).toContain('mean');
    expect(drawTable(COLUMNS, rows, { width: 16 })).toContain('more column');
  });

  it('makes control characters visible: no result moves the cursor', () => {
    const table = drawTable([{ name: 'x', type: 'VARCHAR' }], [['a\nb\u001b[2J\u202ec']]);
    expect(table).toContain('a\\nb\\u001b[2J\\u202ec');
    expect(table).not.toContain('\u001b');
  });

  it('aligns wide characters', () => {
    const lines = drawTable(
      [
        { name: 'x', type: 'VARCHAR' },
        { name: 'n', type: 'INTEGER' },
      ],
      [
        ['東京', 1],
        ['abcd', 2],
      ],
    ).split('\n');
    expect(displayWidth(lines[2] ?? '')).toBe(displayWidth(lines[3] ?? ''));
  });

  it('shows nested values as JSON and cuts rows', () => {
    expect(drawTable([{ name: 'l', type: 'INTEGER[]' }], [[[1, 2]], [[3]]], { maxRows: 1 })).toContain('[1,2]');
    expect(drawTable([{ name: 'l', type: 'INTEGER[]' }], [[[1, 2]], [[3]]], { maxRows: 1 })).not.toContain('[3]');
  });

  it('writes times as people read them', () => {
    expect([0.4, 12.4, 9999, 12_345].map(milliseconds)).toEqual(['< 1 ms', '12 ms', '9999 ms', '12.3 s']);
  });
});
