/** One lesson: its words, its picture, its run, and who works on it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { GuestSource } from '../../examples/example.ts';
import { joinUrl, paceMs, workers } from '../dashboard/live.ts';
import { ProblemView } from '../dashboard/problem-view.tsx';
import { formatMs, plural } from '../ui/format.ts';
import { Notice } from '../ui/parts.tsx';
import { AtWork } from './at-work.tsx';
import type { Lesson } from './lesson.ts';
import { sourceOf } from './provide.ts';
import { phase, session, start, stop } from './run-model.ts';

interface Props {
  readonly lesson: Lesson;
  readonly size: number;
  onSize(size: number): void;
}

function Sizes({ lesson, size, onSize }: Props) {
  const busy = phase.value.kind === 'running' || phase.value.kind === 'preparing';
  if (lesson.sizes.length < 2) return null;
  return (
    <fieldset class="sizes" disabled={busy}>
      <legend class="visually-hidden">How much work</legend>
      {lesson.sizes.map(({ name, words }, i) => (
        <label key={name} class="choice" title={words}>
          <input type="radio" name="size" data-test={`size-${i}`} checked={i === size} onChange={() => onSize(i)} />
          {name}
        </label>
      ))}
      <span class="muted small">{lesson.sizes[size]?.words}</span>
    </fieldset>
  );
}

function Controls(props: Props) {
  const { kind } = phase.value;
  const busy = kind === 'running' || kind === 'preparing';
  return (
    <div class="lesson-controls">
      {busy ? (
        <button type="button" data-test="stop" onClick={() => void stop()}>
          Stop
        </button>
      ) : (
        <button type="button" class="primary" data-test="start" onClick={() => void start(props.lesson, props.size)}>
          {kind === 'idle' ? 'Run' : 'Run again'}
        </button>
      )}
      <Sizes {...props} />
    </div>
  );
}

/** How it goes, in one line; read aloud as it changes. */
function State() {
  const now = phase.value;
  const nobody = workers.value.size === 0;
  const said = session.value?.said.value ?? '';
  const words = {
    idle: '',
    preparing: 'Preparing: compiling the code, bringing the data…',
    running: nobody ? 'Waiting for a tab: open one below.' : 'Running…',
    done: now.kind === 'done' ? `Done in ${formatMs(now.tookMs)}.` : '',
    stopped: 'Stopped.',
    failed: '',
  }[now.kind];
  return (
    <p class="lesson-state" aria-live="polite" data-test="state" data-phase={now.kind}>
      <span class="muted">{words}</span> <strong data-test="said">{said}</strong>
    </p>
  );
}

function JoinLine() {
  const count = workers.value.size;
  return (
    <p class="join-line">
      <span data-test="tabs">
        {count === 0 ? 'No tab computes yet.' : `${plural(count, 'tab')} ${count === 1 ? 'computes' : 'compute'}.`}
      </span>{' '}
      <a href={joinUrl.value ?? '/'} target="_blank" rel="noreferrer" data-test="join-link">
        Open another tab
      </a>{' '}
      <span class="muted">or let others scan the code below.</span>
    </p>
  );
}

function Source({ guest }: { guest: GuestSource }) {
  const text = useSignal<string | undefined>(undefined);
  const open = useSignal(false);
  useEffect(() => {
    text.value = undefined;
    open.value = false;
  }, [guest.source]);
  return (
    <details
      class="guest-source"
      open={open.value}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
        if (open.value && text.value === undefined)
          void sourceOf(guest).then((found) => {
            text.value = found;
          });
      }}
    >
      <summary>
        The code, in {guest.language} <span class="muted small mono">{guest.source}</span>
      </summary>
      {text.value !== undefined && <pre class="mono">{text.value}</pre>}
    </details>
  );
}

export function LessonView(props: Props) {
  const { lesson } = props;
  const now = session.value;
  const guests = Object.values(now?.example.guests ?? {});
  return (
    <article class="panel block lesson" aria-labelledby="lesson-title" data-test="lesson" data-lesson={lesson.id}>
      <div class="lesson-words">
        <h1 id="lesson-title">{lesson.title}</h1>
        {lesson.about.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        <Controls {...props} />
        <JoinLine />
        {paceMs.value > 0 && <p class="help">Every task takes at least {paceMs.value} ms, so that there is time to watch.</p>}
      </div>
      <div class="lesson-stage">
        <figure class="picture" data-test="picture">
          {now !== undefined && <now.Picture />}
        </figure>
        <State />
        {phase.value.kind === 'failed' && <ProblemView problem={phase.value.problem} />}
        <AtWork />
      </div>
      <div class="lesson-more">
        <Notice title="Try this">
          <ul class="tries">
            {lesson.tries.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Notice>
        {guests.map((guest) => (
          <Source key={guest.source} guest={guest} />
        ))}
      </div>
    </article>
  );
}
