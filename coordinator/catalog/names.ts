import { LIMITS } from '../../shared/limits.ts';
import { CatalogError } from './errors.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names are SQL identifiers that need no quotes. @throws CatalogError `dataset-name` */
export function checkDatasetName(name: string): void {
  if (name.length > LIMITS.datasetNameChars) {
    throw new CatalogError({
      code: 'dataset-name',
      message: `A dataset's name has at most ${LIMITS.datasetNameChars} characters; this one has ${name.length}.`,
      hint: 'Choose a shorter name.',
    });
  }
  if (NAME.test(name)) return;
  const suggestion = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+(?=.)|(?<=.)_+$/g, '')
    .replace(/^(?=[0-9])/, '_');
  throw new CatalogError({
    code: 'dataset-name',
    message: name === '' ? 'A dataset needs a name.' : `"${name}" cannot name a dataset.`,
    hint: `Use letters, digits and _ only, and no digit first${NAME.test(suggestion) ? `; for example ${suggestion}` : ''}.`,
  });
}

/**
 * Column names as queries will use them: none empty, none the same as another but for case. Names that are right already are
 * never changed in favour of one that is not.
 */
export function distinctColumnNames(names: readonly string[]): string[] {
  const taken = new Set(names.filter((name) => name !== '').map((name) => name.toLowerCase()));
  const used = new Set<string>();
  return names.map((name, index) => {
    const base = name === '' ? `column${index}` : name;
    if (name !== '' && !used.has(name.toLowerCase())) {
      used.add(name.toLowerCase());
      return name;
    }
    let candidate = base;
    for (let n = 1; used.has(candidate.toLowerCase()) || taken.has(candidate.toLowerCase()); n++) candidate = `${base}_${n}`;
    used.add(candidate.toLowerCase());
    return candidate;
  });
}
