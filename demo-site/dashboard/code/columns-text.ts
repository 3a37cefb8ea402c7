/** Columns as people write them: `name TYPE, "other name" DECIMAL(15,2)`. */
import type { AuthorColumn } from '../../../shared/plan/author-plan.ts';

export type ColumnsText =
  | { readonly ok: true; readonly columns: readonly AuthorColumn[] }
  | { readonly ok: false; readonly why: string };

/** At the commas that stand in no parentheses and no quotes. */
function split(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '"') quoted = !quoted;
    else if (!quoted && c === '(') depth++;
    else if (!quoted && c === ')') depth--;
    else if (!quoted && depth === 0 && (c === ',' || c === '\n')) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

export function readColumns(text: string): ColumnsText {
  const columns: AuthorColumn[] = [];
  for (const part of split(text)) {
    const match = /^(?:"((?:[^"]|"")+)"|([^\s"]+))\s+(\S.*)$/s.exec(part);
    if (!match) return { ok: false, why: `“${part}” has no type: write a name and a type, like ${part} DOUBLE.` };
    const name = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    if (columns.some((column) => column.name === name)) return { ok: false, why: `There are two columns ${name}.` };
    columns.push({ name, type: match[3] ?? '' });
  }
  return { ok: true, columns };
}

export function writeColumns(columns: readonly AuthorColumn[]): string {
  return columns
    .map(({ name, type }) => `${/^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`} ${type}`)
    .join(', ');
}
