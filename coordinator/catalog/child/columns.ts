import { parseSqlType, UnsupportedTypeError, wireTypeOf } from '../../../shared/arrow/types.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { makeBuilder } from '../columns/builder.ts';
import { distinctColumnNames } from '../names.ts';
import type { DatasetColumn } from '../types.ts';
import { ChildFailure } from './failures.ts';
import type { SourceColumn } from './source.ts';

/** The dataset's columns: distinct names, and for each type the one it is stored in. @throws ChildFailure */
export function datasetColumns(source: readonly SourceColumn[]): DatasetColumn[] {
  if (source.length === 0) throw new ChildFailure({ code: 'bad-file', message: 'The file has no columns.' });
  if (source.length > LIMITS.datasetColumns) {
    throw new ChildFailure({
      code: 'bad-file',
      message: `The file has ${source.length} columns; a dataset has at most ${LIMITS.datasetColumns}.`,
      hint: 'Keep only the columns that are needed, or turn columns into rows.',
    });
  }
  const names = distinctColumnNames(source.map((column) => column.name));
  return source.map((column, index) => {
    const name = names[index] as string;
    const type = column.type === '"NULL"' ? 'INTEGER' : column.type;
    return { name, type, wire: storedType(name, type) };
  });
}

function storedType(name: string, type: string): string {
  try {
    const wire = wireTypeOf(type);
    if (makeBuilder(parseSqlType(wire), 0)) return wire;
  } catch (error) {
    if (!(error instanceof UnsupportedTypeError)) throw error;
  }
  throw new ChildFailure({
    code: 'unsupported-type',
    message: `Column "${name}" has type ${type}, which Muster cannot store.`,
    hint: 'Leave the column out, or save it as another type (VARCHAR can hold any).',
  });
}
