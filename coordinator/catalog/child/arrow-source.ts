import type { IngestRequest, IngestResult } from '../ingest-protocol.ts';
import { ChildFailure } from './failures.ts';
import type { IngestSteps } from './ingest.ts';

export async function ingestArrow(_request: IngestRequest, _source: string, _steps: IngestSteps): Promise<IngestResult> {
  throw new ChildFailure({ code: 'unsupported-type', message: 'Arrow files cannot be read yet.' });
}
