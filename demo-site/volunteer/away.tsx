/** The page while the tab takes no part: on its way in, on its way out, sent away, or gone. */
import type { ComponentChildren } from 'preact';
import { plural } from '../ui/format.ts';
import { Lamp, type LampState, Notice } from '../ui/parts.tsx';
import { agreeAndJoin, phase, snapshot } from './model.ts';

function Hero(props: { lamp: LampState; word: string; state: string; children?: ComponentChildren }) {
  const { lamp, word, state, children } = props;
  return (
    <main class="joined">
      <section class="hero" aria-live="polite">
        <p class={`state ${lamp}`} data-test="state" data-state={state}>
          <Lamp state={lamp} size={36} /> {word}
        </p>
        {children}
      </section>
    </main>
  );
}

export function Connecting() {
  return <Hero lamp="disconnected" word="connecting" state="connecting" />;
}

/** The coordinator sent this tab away for good: the sentence says why, and what to do. */
export function Dismissed({ words }: { words: string }) {
  return (
    <Hero lamp="disconnected" word="disconnected" state="left">
      <p class="doing">{words}</p>
      <div class="controls">
        <button type="button" class="primary" onClick={() => location.reload()}>
          Reload this page
        </button>
      </div>
    </Hero>
  );
}

export function Leaving({ deletesBlocks }: { deletesBlocks: boolean }) {
  return (
    <Hero lamp="paused" word="leaving" state="leaving">
      <p class="doing">
        {deletesBlocks ? 'Handing tasks back and deleting the cached blocks.' : 'Handing tasks and blocks back.'}
      </p>
    </Hero>
  );
}

function blocksWords(deletedBlocks: boolean): string {
  return deletedBlocks
    ? 'The cached blocks have been deleted from this browser.'
    : 'Cached blocks stay in this browser for the next time. Join and choose “Leave and delete cached blocks” to remove them.';
}

export function Left({ deletedBlocks, problem }: { deletedBlocks: boolean; problem: string | undefined }) {
  const done = snapshot.value?.contribution;
  return (
    <main class="joined">
      <section class="hero" data-state="left">
        <h1>Thank you</h1>
        <p class="doing">
          This tab has left and computes nothing.
          {done !== undefined && done.tasks > 0 && ` It finished ${plural(done.tasks, 'task')} for the grid.`}
        </p>
        {problem === undefined ? (
          <Notice tone="good">{blocksWords(deletedBlocks)}</Notice>
        ) : (
          <Notice tone="bad" title="Not all went well">
            <span>{problem}. The browser’s settings for this site can delete what it stores.</span>
          </Notice>
        )}
        <div class="controls">
          <button type="button" disabled={phase.value.kind === 'joining'} onClick={() => void agreeAndJoin()}>
            Join again
          </button>
        </div>
      </section>
    </main>
  );
}
