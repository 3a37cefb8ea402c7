/** What can be asked about: tables with their columns, and a form that brings another one. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { type DatasetJson, ProblemError } from '../../client/index.ts';
import { formatBytes, formatCount, plural } from '../ui/format.ts';
import { Bar } from '../ui/parts.tsx';
import { datasets, grid, refreshDatasets } from './live.ts';
import { formatFrom, nameFrom } from './names.ts';
import { ProblemView } from './problem-view.tsx';
import { WhereItLives } from './where.tsx';

const SHOWN = 100;
const COLUMNS_SHOWN = 200;
type Upload =
  | { readonly kind: 'none' }
  | { readonly kind: 'sending'; readonly sent: number; readonly total: number }
  | { readonly kind: 'failed'; readonly problem: ProblemError };

function UploadForm() {
  const file = useSignal<File | undefined>(undefined);
  const name = useSignal('');
  const upload = useSignal<Upload>({ kind: 'none' });
  const input = useRef<HTMLInputElement>(null);
  const send = async (): Promise<void> => {
    const chosen = file.value;
    if (chosen === undefined || upload.value.kind === 'sending') return;
    upload.value = { kind: 'sending', sent: 0, total: chosen.size };
    const format = formatFrom(chosen.name);
    try {
      await grid.datasets.upload(name.value, chosen, {
        ...(format === undefined ? {} : { format }),
        onProgress: (sent, total) => {
          upload.value = { kind: 'sending', sent, total };
        },
      });
      upload.value = { kind: 'none' };
      file.value = undefined;
      name.value = '';
      if (input.current !== null) input.current.value = '';
      await refreshDatasets();
    } catch (error) {
      const problem =
        error instanceof ProblemError
          ? error
          : new ProblemError({ code: 'page', title: 'The upload failed', detail: String(error), status: 0 });
      upload.value = { kind: 'failed', problem };
    }
  };
  const now = upload.value;
  return (
    <form
      class="upload"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label for="upload-file">Add a dataset</label>
      <input
        id="upload-file"
        data-test="upload-file"
        ref={input}
        type="file"
        accept=".parquet,.csv,.tsv,.json,.ndjson,.jsonl,.arrow,.feather"
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          file.value = chosen;
          if (chosen !== undefined) name.value = nameFrom(chosen.name);
        }}
      />
      <p class="help">Parquet, CSV, JSON, NDJSON or Arrow. It stays on the coordinator and in the tabs that work on it.</p>
      {file.value !== undefined && (
        <div class="upload-row">
          <label for="upload-name" class="small">
            as table
          </label>
          <input
            id="upload-name"
            data-test="upload-name"
            class="mono"
            required
            maxLength={128}
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
          <button type="submit" class="primary" data-test="upload" disabled={now.kind === 'sending'}>
            Upload {formatBytes(file.value.size)}
          </button>
        </div>
      )}
      {now.kind === 'sending' && (
        <div aria-live="polite">
          <Bar done={now.sent} total={now.total} label="Upload" />
          <p class="help">
            {now.sent < now.total
              ? `${formatBytes(now.sent)} of ${formatBytes(now.total)} sent`
              : 'Sent. The coordinator reads it now.'}
          </p>
        </div>
      )}
      {now.kind === 'failed' && <ProblemView problem={now.problem} />}
    </form>
  );
}

function DatasetRow({ dataset }: { dataset: DatasetJson }) {
  const open = useSignal(false);
  return (
    <li class="dataset">
      <details
        onToggle={(event) => {
          open.value = event.currentTarget.open;
        }}
      >
        <summary>
          <b class="mono">{dataset.name}</b>
          <span class="small muted">
            {plural(dataset.rows, 'row')} · {formatBytes(dataset.bytes)}
            {dataset.state !== 'ready' && ` · ${dataset.state}`}
          </span>
        </summary>
        <dl class="schema mono">
          {dataset.schema.slice(0, COLUMNS_SHOWN).map(({ name, type }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="muted">{type}</dd>
            </div>
          ))}
        </dl>
        {dataset.schema.length > COLUMNS_SHOWN && (
          <p class="help">and {formatCount(dataset.schema.length - COLUMNS_SHOWN)} more columns</p>
        )}
        <p class="small muted">{plural(dataset.partitions, 'partition')}</p>
        {open.value && dataset.state === 'ready' && <WhereItLives name={dataset.name} />}
      </details>
    </li>
  );
}

export function DatasetsPanel() {
  const all = datasets.value;
  return (
    <section class="panel block" aria-label="Datasets">
      <header class="block-head">
        <h2>Datasets</h2>
        {all.length > SHOWN && <span class="muted small">{`${SHOWN} of ${formatCount(all.length)}`}</span>}
      </header>
      <ul class="datasets" data-test="datasets">
        {all.slice(0, SHOWN).map((dataset) => (
          <DatasetRow key={dataset.name} dataset={dataset} />
        ))}
      </ul>
      <UploadForm />
    </section>
  );
}
