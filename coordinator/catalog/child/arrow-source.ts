import { open } from 'node:fs/promises';
import { type DataType, RecordBatchReader } from 'apache-arrow';
import type { IngestRequest, IngestResult } from '../ingest-protocol.ts';
import { ruleOf } from './arrow-columns.ts';
import { scanArrow } from './arrow-scan.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { datasetColumns } from './columns.ts';
import { ChildFailure } from './failures.ts';
import type { IngestSteps } from './ingest.ts';

/** Arrow IPC files and streams, which native DuckDB cannot read: apache-arrow decodes them, the columns are built from its buffers. */
export async function ingestArrow(request: IngestRequest, source: string, steps: IngestSteps): Promise<IngestResult> {
  const { rows: total } = await scanArrow(request.path, request.fileName);
  const file = await open(request.path, 'r');
  try {
    const reader = await (await RecordBatchReader.from(file)).open();
    const fields = reader.schema?.fields ?? [];
    const rules = fields.map((field) => {
      const rule = ruleOf(field.type as DataType);
      if (rule) return rule;
      throw new ChildFailure({
        code: 'unsupported-type',
        message: `Column "${field.name}" has the Arrow type ${field.type}, which Muster cannot store.`,
        hint: 'Leave the column out, or save it as another type.',
      });
    });
    const columns = datasetColumns(fields.map((field, index) => ({ name: field.name, type: rules[index]?.type ?? '' })));
    const writer = new ChunkWriter(columns, source, request.chunkDir);
    for await (const batch of reader) {
      const views = rules.map((rule, index) => {
        const data = batch.data.children[index];
        if (!data)
          throw new ChildFailure({ code: 'bad-file', message: `A record batch of ${request.fileName} lacks column ${index}.` });
        return rule.view(data);
      });
      writer.addViews(views, batch.numRows);
      steps.progressed(total === 0 ? 1 : Math.min(1, writer.rows / total), writer.rows);
    }
    const chunks = writer.finish();
    return { columns: writer.withDistinct(columns), chunks, rows: writer.rows, bytes: writer.bytes };
  } finally {
    await file.close().catch((error: unknown) => {
      // apache-arrow closes the handle itself when it read to the end.
      if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
    });
  }
}
