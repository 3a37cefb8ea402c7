/** Relations that `cache` keeps for later jobs: what they are, where they are, and how to let one go. Nothing while there are none. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ProblemError } from '../../client/index.ts';
import type { RelationCache } from '../../shared/rest/cache.ts';
import { formatBytes, formatCount, formatMs, plural } from '../ui/format.ts';
import { author } from './live.ts';
import { ProblemView } from './problem-view.tsx';
import { levelWords, loadedWords, lostWords, placeWords } from './relation-words.ts';
import { cache, look, refreshCache, watchRelations } from './where-model.ts';

const SHOWN = 50;

function LetGo({ relation, onProblem }: { relation: RelationCache; onProblem(problem: ProblemError | undefined): void }) {
  const going = useSignal(false);
  const letGo = async (): Promise<void> => {
    going.value = true;
    onProblem(undefined);
    try {
      await author.letGo(relation.id);
      await refreshCache();
    } catch (error) {
      onProblem(
        error instanceof ProblemError
          ? error
          : new ProblemError({ code: 'page', title: 'It could not be let go', detail: String(error), status: 0 }),
      );
    }
    going.value = false;
  };
  return (
    <button
      type="button"
      class="quiet small"
      data-test="let-go"
      disabled={going.value}
      aria-label={`Let ${relation.name} go`}
      title="Frees its blocks. A job that reads it makes them again."
      onClick={() => void letGo()}
    >
      Let go
    </button>
  );
}

function RelationRow({ relation }: { relation: RelationCache }) {
  const problem = useSignal<ProblemError | undefined>(undefined);
  const { name, owner, rows, total, jobId, remakeMs } = relation;
  const lost = lostWords(relation);
  const loaded = loadedWords(relation);
  return (
    <li class="relation">
      <div class="relation-head">
        <b class="mono relation-name" title={`${name}, last named by ${jobId}`}>
          {name}
        </b>
        {relation.mayLetGo && (
          <LetGo
            relation={relation}
            onProblem={(now) => {
              problem.value = now;
            }}
          />
        )}
      </div>
      <p class="small">
        {plural(rows, 'row')} · {formatBytes(total.bytes)} <span class="muted">by {owner}</span>
      </p>
      <p class="small">
        <b>{placeWords(relation)}</b>
      </p>
      {loaded !== undefined && <p class="small">{loaded}</p>}
      <p class="small muted">
        {levelWords(relation)} · {formatMs(remakeMs)} of work
      </p>
      {lost !== undefined && <p class="small warn-text">{lost}</p>}
      {problem.value !== undefined && <ProblemView problem={problem.value} />}
    </li>
  );
}

export function RelationsPanel() {
  useEffect(watchRelations, []);
  const all = cache.value?.relations ?? [];
  const some = all.length > 0;
  useEffect(() => (some ? look() : undefined), [some]);
  if (!some) return null;
  return (
    <section class="panel block" aria-label="Cached relations">
      <header class="block-head">
        <h2>Cached relations</h2>
        <span class="muted small">{all.length > SHOWN ? `${SHOWN} of ${formatCount(all.length)}` : formatCount(all.length)}</span>
      </header>
      <ul class="relations" data-test="relations">
        {all.slice(0, SHOWN).map((relation) => (
          <RelationRow key={relation.id} relation={relation} />
        ))}
      </ul>
    </section>
  );
}
