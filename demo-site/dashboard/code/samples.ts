/** Ready to run: on the demo's data, and one on numbers, which any grid has. */
import { columnNames, type Draft } from './draft.ts';

export interface Sample {
  readonly title: string;
  /** Datasets that it reads. */
  readonly needs: readonly string[];
  readonly draft: Draft;
}

const MAP_SOURCE = `import { BATCH, Batch, Output } from 'muster';
export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

/** Called with up to 65,536 rows at a time. */
export function muster1_square(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const x = new Batch(schema, array).column('x');
  const out = new Output();
  const same = out.add('x', 'g');
  const square = out.add('square', 'g');
  for (let row = 0; row < x.length; row++) {
    const value = x.get<f64>(row);
    same.push(value);
    square.push(value * value);
  }
  out.emit();
  return 0;
}
`;

const DELAYS_SOURCE = `import { BATCH, Batch, END_FINAL, log, Output } from 'muster';
export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

/** Flights of this partition by how late they were, in steps of 15 minutes. */
const counts = new Map<i32, i64>();

export function muster1_late(event: i32, schema: usize, array: usize): i32 {
  if (event == BATCH) {
    const delay = new Batch(schema, array).column('delay');
    for (let row = 0; row < delay.length; row++) {
      if (delay.isNull(row)) continue;
      const step = <i32>Math.floor(<f64>delay.get<i32>(row) / 15) * 15;
      counts.set(step, (counts.has(step) ? counts.get(step) : 0) + 1);
    }
  }
  if (event == END_FINAL) {
    const out = new Output();
    const minutes = out.add('minutes', 'i');
    const flights = out.add('flights', 'l');
    const steps = counts.keys();
    for (let i = 0; i < steps.length; i++) {
      minutes.push(steps[i]);
      flights.push(counts.get(steps[i]));
    }
    out.emit();
    log('this partition has ' + steps.length.toString() + ' steps');
  }
  return 0;
}
`;

const WORDS_SOURCE = `/** Any number of rows out for each row in: here one for each word of an airport's name. */
export const words = ({ name }) =>
  name
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length > 3)
    .map((word) => ({ word }));
`;

const EMPTY = { dataset: '', functionName: '', schema: '', thenSql: '' } as const;

export const SAMPLES: readonly [Sample, ...Sample[]] = [
  {
    title: 'Squares',
    needs: [],
    draft: {
      ...EMPTY,
      language: 'assemblyscript',
      source: MAP_SOURCE,
      inputSql: 'SELECT CAST(range AS DOUBLE) AS x FROM range(1, 100001)',
      operation: 'map',
      thenSql: 'SELECT count(*) AS n, sum(square) AS sum_of_squares FROM output',
    },
  },
  {
    title: 'How late flights are',
    needs: ['flights'],
    draft: {
      ...EMPTY,
      language: 'assemblyscript',
      source: DELAYS_SOURCE,
      inputSql: 'SELECT CAST(delay AS INTEGER) AS delay FROM flights',
      operation: 'mapPartitions',
      thenSql: 'SELECT minutes, sum(flights) AS flights FROM output GROUP BY minutes ORDER BY flights DESC LIMIT 20',
    },
  },
  {
    title: 'Words in airport names',
    needs: ['airports'],
    draft: {
      ...EMPTY,
      language: 'javascript',
      source: WORDS_SOURCE,
      dataset: 'airports',
      inputSql: '',
      operation: 'flatMap',
      schema: 'word VARCHAR',
      thenSql: 'SELECT word, count(*) AS n FROM output GROUP BY word ORDER BY n DESC, word LIMIT 20',
    },
  },
];

/** What the box begins with in the other language. */
export const STARTS: { readonly [L in Draft['language']]: string } = {
  assemblyscript: MAP_SOURCE,
  javascript: 'export const square = ({ x }) => ({ x, square: x * x });\n',
};

/** A sample's question asks for the sample's columns: once other code makes others, it is nobody's question any more. */
export function withoutForeignQuestion(draft: Draft): Draft {
  const sample = SAMPLES.find((one) => one.draft.thenSql === draft.thenSql);
  const made = columnNames(draft);
  if (sample === undefined || made === undefined) return draft;
  const asked = columnNames(sample.draft) ?? [];
  return asked.every((name) => made.includes(name)) ? draft : { ...draft, thenSql: '' };
}
