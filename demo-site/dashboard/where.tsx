/** Where a dataset's blocks live: on the coordinator all of them, in tabs those that they have loaded or were sent. */
import { useEffect } from 'preact/hooks';
import type { DatasetCache, TabPart } from '../../client/index.ts';
import { formatBytes, formatCount, plural } from '../ui/format.ts';
import { cache, cacheTrouble, look } from './where-model.ts';

const TABS_SHOWN = 40;

function percent(bytes: number, total: number): number {
  return total <= 0 ? 0 : Math.min(100, (bytes / total) * 100);
}

function PartRow({ part, total }: { part: TabPart; total: DatasetCache['total'] }) {
  const { loaded, fetched } = part;
  const bytes = formatBytes(Math.max(loaded.bytes, fetched.bytes));
  const words = `${formatCount(loaded.blocks)} loaded, ${formatCount(fetched.blocks)} sent · ${bytes}`;
  return (
    <li class="where-row">
      <span class="where-name">{part.name ?? part.workerId}</span>
      <span class="where-figures muted">{words}</span>
      <div class="where-bar" aria-hidden="true">
        <div class="where-fill sent" style={{ width: `${percent(fetched.bytes, total.bytes)}%` }} />
        <div class="where-fill loaded" style={{ width: `${percent(loaded.bytes, total.bytes)}%` }} />
      </div>
    </li>
  );
}

function Parts({ dataset }: { dataset: DatasetCache }) {
  const { tabs, total } = dataset;
  return (
    <>
      <p class="small">
        <b>Coordinator:</b> all {plural(total.blocks, 'block')}, {formatBytes(dataset.diskBytes)} on disk
      </p>
      {tabs.length === 0 ? (
        <p class="small muted">No tab has any of it yet: tabs fetch the columns that a query reads.</p>
      ) : (
        <>
          <ul class="where-rows small" data-test="where">
            {tabs.slice(0, TABS_SHOWN).map((part) => (
              <PartRow key={part.workerId} part={part} total={total} />
            ))}
          </ul>
          {tabs.length > TABS_SHOWN && <p class="help">and {formatCount(tabs.length - TABS_SHOWN)} more tabs</p>}
          <p class="help where-key">
            <span>
              <i class="swatch loaded" aria-hidden="true" />
              loaded in its engines
            </span>
            <span>
              <i class="swatch sent" aria-hidden="true" />
              sent to it in this session
            </span>
          </p>
          <p class="help">A tab may keep more in its browser’s storage, also from earlier visits; it does not tell.</p>
        </>
      )}
    </>
  );
}

/** Reads the figures while it is on the page. */
export function WhereItLives({ name }: { name: string }) {
  useEffect(look, []);
  const dataset = cache.value?.datasets.find((one) => one.name === name);
  return (
    <div class="where">
      <h3>Where it lives</h3>
      {dataset === undefined && (
        <p class="small muted" role="status">
          {cacheTrouble.value ?? 'asking the coordinator…'}
        </p>
      )}
      {dataset !== undefined && <Parts dataset={dataset} />}
    </div>
  );
}
