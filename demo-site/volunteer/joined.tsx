/** The page while the tab takes part: the state in one word, what it does, and the volunteer's hand on it. */
import { formatBytes, formatCount } from '../ui/format.ts';
import { Bar, Lamp, type LampState } from '../ui/parts.tsx';
import { Connecting, Dismissed } from './away.tsx';
import { ModeNote } from './consent.tsx';
import type { GridSnapshot } from './grid.ts';
import { LendSliders } from './lend.tsx';
import { finishThenPause, leave, pause, resume, snapshot } from './model.ts';
import { sentence, stateWord } from './words.ts';

function lampOf(state: GridSnapshot['state']): LampState {
  if (state === 'working' || state === 'draining') return 'working';
  if (state === 'paused') return 'paused';
  if (state === 'idle') return 'idle';
  return 'disconnected';
}

const PHASES = { fetching: 'fetching data', waiting: 'next', computing: 'computing', stopping: 'stopping' } as const;

/** One square a slot: what it does now, in words. */
function SlotRoll({ view }: { view: GridSnapshot }) {
  const cells = Array.from({ length: view.traits.slots }, (_, slot) => {
    const here = view.current.filter((task) => task.slot === slot);
    return { slot, task: here.find((task) => task.phase === 'computing') ?? here[0] };
  });
  const busy = cells.filter(({ task }) => task !== undefined).length;
  return (
    <section class="panel block" aria-label="Slots">
      <h2>
        Slots <span class="muted">{`${busy} of ${view.traits.slots} busy`}</span>
      </h2>
      <ul class="roll">
        {cells.map(({ slot, task }) => (
          <li key={slot} class={task === undefined ? 'cell' : `cell ${task.phase}`}>
            <span class="cell-name">{slot + 1}</span>
            <span class="cell-task">{task === undefined ? 'free' : task.title}</span>
            <span class="cell-phase muted">{task === undefined ? '' : PHASES[task.phase]}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Contribution({ view }: { view: GridSnapshot }) {
  const { tasks, rows, cpuSeconds } = view.contribution;
  const seconds = cpuSeconds < 100 ? cpuSeconds.toFixed(1) : formatCount(cpuSeconds);
  return (
    <section class="panel block" aria-label="What this tab did">
      <h2>What this tab did</h2>
      <dl class="figures">
        <div>
          <dt>tasks</dt>
          <dd data-test="tasks-done">{formatCount(tasks)}</dd>
        </div>
        <div>
          <dt>rows made</dt>
          <dd>{formatCount(rows)}</dd>
        </div>
        <div>
          <dt>CPU seconds</dt>
          <dd>{seconds}</dd>
        </div>
      </dl>
      <p class="help">
        {view.storedBytes > 0
          ? `${formatBytes(view.storedBytes)} of data pieces are kept in this browser’s storage.`
          : 'No data pieces are kept in this browser yet.'}
        {view.servedBytes > 0 && ` ${formatBytes(view.servedBytes)} of blocks went from here to others.`}
      </p>
    </section>
  );
}

function EngineDownload({ view }: { view: GridSnapshot }) {
  const { engine } = view;
  if (engine === undefined) return null;
  return (
    <section class="panel block" aria-label="Engine download">
      <h2>Loading the engine</h2>
      <Bar done={engine.loadedBytes} total={engine.totalBytes} label="Engine download" />
      <p class="help">
        {engine.totalBytes > 0
          ? `${formatBytes(engine.loadedBytes)} of ${formatBytes(engine.totalBytes)} unpacked. It is kept for the next time.`
          : 'Starting…'}
      </p>
    </section>
  );
}

function Controls({ view }: { view: GridSnapshot }) {
  const away = view.state === 'paused' || view.state === 'draining';
  return (
    <div class="controls">
      {away && (
        <button type="button" class="primary" data-test="resume" onClick={resume}>
          Resume
        </button>
      )}
      {view.state !== 'paused' && (
        <button type="button" data-test="pause" onClick={pause}>
          Pause now
        </button>
      )}
      {!away && (
        <button type="button" data-test="finish" onClick={finishThenPause}>
          Finish, then pause
        </button>
      )}
    </div>
  );
}

function LeaveBox() {
  return (
    <section class="panel block" aria-label="Leave">
      <h2>Leave</h2>
      <p class="help">Running tasks are handed back, and other tabs take them over.</p>
      <div class="controls">
        <button type="button" data-test="leave" onClick={() => void leave(false)}>
          Leave
        </button>
        <button type="button" class="danger" data-test="leave-delete" onClick={() => void leave(true)}>
          Leave and delete cached blocks
        </button>
      </div>
    </section>
  );
}

export function Joined() {
  const view = snapshot.value;
  if (view === undefined) return <Connecting />;
  if (view.state === 'left') return <Dismissed words={view.words} />;
  const lamp = lampOf(view.state);
  return (
    <main class="joined">
      <section class={`hero ${lamp}`}>
        <div aria-live="polite">
          <p class={`state ${lamp}`} data-test="state" data-state={view.state}>
            <Lamp state={lamp} size={36} /> {stateWord(view.state)}
          </p>
          <p class="doing" data-test="doing">
            {sentence(view)}
          </p>
        </div>
        <Controls view={view} />
      </section>
      <EngineDownload view={view} />
      <div class="columns">
        <SlotRoll view={view} />
        <Contribution view={view} />
        <section class="panel block" aria-label="How much you lend">
          <h2>How much you lend</h2>
          <LendSliders />
        </section>
        <LeaveBox />
      </div>
      <footer class="advice">
        <p class="help">
          Keep this tab in a window of its own, or pin it: browsers slow down or unload tabs that nobody looks at.
        </p>
        <ModeNote />
      </footer>
    </main>
  );
}
