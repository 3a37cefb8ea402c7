/** The Mandelbrot set: few rows, much work. Each partition is a band of lines, and comes as soon as it is drawn. */
import { columns, type Example, planOf, rowsAsTheyCome, spread, sql } from '../example.ts';

export const SIZES = { width: 256, height: 160, iterations: 400, left: -2.5, top: -1.1, size: 3.5, bands: 16 };

/** Per pixel of a line, the iterations until the point escaped. */
export type PictureLine = Uint16Array;

/** What `onStep` is told. */
export interface Drawn {
  readonly y: number;
  readonly counts: PictureLine;
}

/** BLOBs travel in base64. */
function countsOf(text: string): PictureLine {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

export function mandelbrot(sizes = SIZES): Example<readonly PictureLine[]> {
  const { height, bands, ...params } = sizes;
  return {
    name: 'mandelbrot',
    title: 'The Mandelbrot set, band by band',
    inputs: {},
    guests: { mandelbrot: { language: 'AssemblyScript', kind: 'batch', source: 'examples/mandelbrot/guest.as.ts' } },
    async run(context) {
      const job = await context.submit(
        planOf({
          lines: sql(`SELECT CAST(range AS INTEGER) AS y FROM range(${height})`),
          bands: spread('lines', bands),
          picture: {
            kind: 'guest',
            operation: 'map',
            input: 'bands',
            code: { kind: 'batch', module: context.code('mandelbrot'), function: 'mandelbrot', params },
            schema: columns('y INTEGER', 'counts BLOB'),
          },
        }),
      );
      const picture: PictureLine[] = [];
      for await (const row of rowsAsTheyCome(job)) {
        const drawn: Drawn = { y: Number(row.y), counts: countsOf(String(row.counts)) };
        picture[drawn.y] = drawn.counts;
        context.onStep?.(drawn);
      }
      return picture;
    },
  };
}
