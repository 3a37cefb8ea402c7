/** What a guest emits during a call, copied out of its memory at once: per port one canonical stream. */
import { Canonicaliser } from '../../shared/arrow/canonical.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { resourceError } from '../../shared/guest/guest-error.ts';
import type { GuestOutput } from './guest.ts';
import { emitError, type GuestView } from './guest-view.ts';
import { OutputReader } from './output-reader.ts';
import { checkDeclared, columnsOf, type OutputNode, readOutputSchema } from './output-schema.ts';

/** Ports that a guest may use where none are declared. */
const PORTS_MAX = 16;

interface Port {
  readonly nodes: readonly OutputNode[];
  readonly columns: readonly WireColumn[];
  readonly canonical: Canonicaliser;
}

export class OutputCollector {
  readonly #declared: readonly (readonly WireColumn[])[] | undefined;
  readonly #bytesMax: number;
  readonly #ports = new Map<number, Port>();
  /** Bytes emitted so far, over all ports and calls, as they lay in the guest. */
  bytes = 0;

  constructor(declared: readonly (readonly WireColumn[])[] | undefined, bytesMax: number) {
    this.#declared = declared;
    this.#bytesMax = bytesMax;
  }

  readonly #charge = (bytes: number): void => {
    this.bytes += bytes;
    if (this.bytes <= this.#bytesMax) return;
    const message = `the guest emits more than ${Math.round(this.#bytesMax / 1048576)} MiB in one task`;
    throw resourceError('guest-output-limit', message, 'Emit less, or cut the data into more partitions.');
  };

  /** Takes one emitted batch; `schemaAt` 0: the port's last schema. Throws GuestError. */
  emitted(port: number, schemaAt: number, arrayAt: number, view: GuestView): void {
    const ports = this.#declared?.length ?? PORTS_MAX;
    if (port >= ports) throw emitError(`port ${port} of ${ports}`, 'Ports count from 0, one for each declared output.');
    const target = this.#port(port, schemaAt, view);
    const { rows, views } = new OutputReader(view, this.#charge).batch(arrayAt, target.nodes);
    if (rows === 0) return;
    target.canonical.addColumns(views, rows);
  }

  #port(port: number, schemaAt: number, view: GuestView): Port {
    const known = this.#ports.get(port);
    if (schemaAt === 0) {
      if (known !== undefined) return known;
      throw emitError(`the first batch for port ${port} has no schema`, 'Pass the schema with the first batch of each port.');
    }
    const nodes = readOutputSchema(view, schemaAt);
    const found = columnsOf(nodes);
    const columns = this.#declared?.[port] ?? known?.columns ?? found;
    checkDeclared(port, found, columns);
    // Rows that were emitted since the last call stay with the port: its types are the same.
    const next: Port = { nodes, columns, canonical: known?.canonical ?? new Canonicaliser(columns) };
    this.#ports.set(port, next);
    return next;
  }

  /** What was emitted since the last time. */
  take(): readonly GuestOutput[] {
    const outputs: GuestOutput[] = [];
    for (const [port, entry] of [...this.#ports].sort(([a], [b]) => a - b)) {
      if (entry.canonical.rows === 0) continue;
      const { bytes, rows } = entry.canonical.take();
      outputs.push({ port, stream: bytes, rows });
    }
    return outputs;
  }
}
