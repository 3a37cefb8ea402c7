/** A plan of several relations in words, where people look for the SQL of a job. */
import type { AuthorCode, AuthorPlan } from '../plan/author-plan.ts';

/** The name that an author gave a module, by its digest; undefined: none. */
export type ModuleNames = (digest: string) => string | undefined;

const codeWords = (code: AuthorCode, names: ModuleNames): string => {
  switch (code.kind) {
    case 'batch':
      return `${code.function} of module ${names(code.module) ?? code.module.slice(0, 8)}`;
    case 'stream':
      return `program ${names(code.module) ?? code.module.slice(0, 8)}`;
    case 'script':
      return `${code.function} (JavaScript)`;
  }
};

/** One paragraph a relation; the result is the last line. `isPlanWords` tells it from SQL. */
export function planWords({ relations, result }: AuthorPlan, names: ModuleNames = () => undefined): string {
  const words = ({ name, relation: r }: AuthorPlan['relations'][number]): string => {
    switch (r.kind) {
      case 'sql':
        return `${name}: ${r.sql.trim()}`;
      case 'guest':
        return `${name}: ${r.operation} ${r.input} with ${codeWords(r.code, names)}${r.sides?.length ? `, sides ${r.sides.join(', ')}` : ''}`;
      case 'aggregate':
        return `${name}: aggregate ${r.input}${r.keys.length > 0 ? ` by ${r.keys.join(', ')}` : ''} with ${codeWords(r.code, names)}`;
      case 'cogroup':
        return `${name}: cogroup ${r.input} and ${r.other} by ${r.keys.join(', ')} with ${codeWords(r.code, names)}`;
      case 'repartition':
        return `${name}: repartition ${r.input}${r.keys ? ` by ${r.keys.join(', ')}` : ''} into ${r.partitions}`;
      case 'coalesce':
        return `${name}: coalesce ${r.input} into ${r.partitions}`;
      case 'zipWithIndex':
        return `${name}: number the rows of ${r.input}`;
      case 'sample':
        return `${name}: sample ${r.fraction} of ${r.input}`;
    }
  };
  return [...relations.map(words), `result: ${result}`].join('\n');
}

/** Whether a job's `sql` is a plan in words. No statement begins with a name and a colon, so that no query is taken for one. */
export function isPlanWords(sql: string): boolean {
  return /^\w+: .*\nresult: \w+$/s.test(sql);
}
