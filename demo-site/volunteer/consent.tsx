/** What the volunteer reads before anything runs, and the choices that go with it. */
import { formatBytes, plural } from '../ui/format.ts';
import { Notice } from '../ui/parts.tsx';
import { engineDownloadBytes, storeCapBytes } from './device.ts';
import { LendSliders } from './lend.tsx';
import { agreeAndJoin, device, phase, slots } from './model.ts';

export function ModeNote() {
  if (device.secure) {
    return (
      <p class="help">
        <strong>Full mode.</strong> This address is secure, so the tab can ask the browser to keep it awake while it works.
      </p>
    );
  }
  return (
    <p class="help">
      <strong>Basic mode.</strong> This address is plain http. Everything works, but the browser may let the screen or the tab
      fall asleep: keep the tab visible.
    </p>
  );
}

function Facts() {
  const engine = formatBytes(engineDownloadBytes(device));
  return (
    <dl class="facts">
      <div>
        <dt>What runs</dt>
        <dd>
          Database queries, in an engine (DuckDB) inside this page, and code that authors of jobs wrote, as WebAssembly without
          network and files. The browser’s own sandbox holds both, nothing is installed, and it ends when you close the tab.
        </dd>
      </div>
      <div>
        <dt>What is downloaded</dt>
        <dd>
          The engine, {engine}, once. Then the pieces of data that each task reads. All of it comes from <b>{location.host}</b>.
        </dd>
      </div>
      <div>
        <dt>What is stored</dt>
        <dd>
          Pieces of that data, up to {formatBytes(storeCapBytes(device))}, in this browser’s storage for this site, so that they
          need not be sent twice. You can delete them when you leave.
        </dd>
      </div>
      <div>
        <dt>What is sent back</dt>
        <dd>The results of its tasks, how long they took, how much you lend, and whether the tab is in view.</dd>
      </div>
      <div>
        <dt>What is never seen or sent</dt>
        <dd>
          Your files, other tabs, history, passwords, camera and location. The browser keeps them out of reach of this page.
        </dd>
      </div>
    </dl>
  );
}

function Choices() {
  return (
    <fieldset class="choices">
      <legend class="visually-hidden">How much you lend</legend>
      <LendSliders explained />
    </fieldset>
  );
}

export function Consent() {
  const now = phase.value;
  const joining = now.kind === 'joining';
  const problem = now.kind === 'consent' ? now.problem : undefined;
  return (
    <main class="consent">
      <div class="pitch">
        <h1>Lend this browser’s spare power</h1>
        <p class="lead">
          <b>{location.host}</b> asks this tab to help compute answers from data, together with other tabs like it.{' '}
          <b>Nothing has started yet.</b>
        </p>
        <Facts />
      </div>
      <form
        class="panel joinbox"
        onSubmit={(event) => {
          event.preventDefault();
          void agreeAndJoin();
        }}
      >
        <h2>How much do you lend?</h2>
        <Choices />
        {problem !== undefined && (
          <Notice tone="bad" title="Joining did not work">
            <span>{problem}</span>
          </Notice>
        )}
        <button type="submit" class="primary join" data-test="join" disabled={joining}>
          {joining ? 'Joining…' : `Agree and lend ${plural(slots.value, 'slot')}`}
        </button>
        <p class="help">
          You can pause or leave at any moment; pausing takes effect within a second. On low battery the tab rests by itself.
        </p>
        <ModeNote />
      </form>
    </main>
  );
}
