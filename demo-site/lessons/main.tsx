/** The lessons: each one click, on the tabs that are there. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { LinkState } from '../dashboard/health.tsx';
import { InvitePanel } from '../dashboard/invite.tsx';
import { start } from '../dashboard/live.ts';
import { TokenGate } from '../dashboard/token-gate.tsx';
import { Brand } from '../ui/parts.tsx';
import { LESSONS } from './catalogue.ts';
import type { Lesson } from './lesson.ts';
import { LessonView } from './lesson-view.tsx';
import { show } from './run-model.ts';

/** `#k-means`; anything else is the first lesson. */
function chosenIn(hash: string): Lesson {
  return LESSONS.find(({ id }) => id === hash.slice(1)) ?? LESSONS[0];
}

const chosen = signal(LESSONS[0]);
const size = signal(0);

function choose(lesson: Lesson): void {
  chosen.value = lesson;
  size.value = 0;
  document.title = `${lesson.title} – Muster`;
  show(lesson, 0);
}

function List() {
  return (
    <nav class="lesson-list" aria-label="Lessons">
      {LESSONS.map((lesson) => (
        <a
          key={lesson.id}
          href={`#${lesson.id}`}
          data-test={`lesson-${lesson.id}`}
          {...(lesson === chosen.value ? { 'aria-current': 'page' } : {})}
          ref={(link) => {
            // On a phone the list is one line that scrolls.
            if (link !== null && lesson === chosen.value) link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
          }}
        >
          {lesson.title}
        </a>
      ))}
    </nav>
  );
}

function Page() {
  return (
    <div class="page">
      <Brand page="Lessons">
        <a class="top-link" href="/dashboard">
          Dashboard
        </a>
        <LinkState />
      </Brand>
      <main class="lessons">
        <TokenGate />
        <List />
        <LessonView
          lesson={chosen.value}
          size={size.value}
          onSize={(next) => {
            size.value = next;
            show(chosen.value, next);
          }}
        />
        <InvitePanel />
      </main>
    </div>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<Page />, root);
// The token, where one came with the address, has been taken out of it by now.
choose(chosenIn(location.hash));
addEventListener('hashchange', () => choose(chosenIn(location.hash)));
start();
