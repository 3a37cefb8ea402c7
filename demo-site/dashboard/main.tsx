/** The dashboard: ask, watch, and see why. */
import { render } from 'preact';
import { Brand } from '../ui/parts.tsx';
import { DatasetsPanel } from './datasets.tsx';
import { Health, LinkState } from './health.tsx';
import { InvitePanel } from './invite.tsx';
import { JobsPanel } from './jobs.tsx';
import { start } from './live.ts';
import { QueryPanel } from './query.tsx';
import { RelationsPanel } from './relations.tsx';
import { LogPanel, RecomputesPanel } from './stories.tsx';
import { TaskStreamPanel } from './task-stream.tsx';
import { TokenGate } from './token-gate.tsx';
import { WorkersPanel } from './workers.tsx';

function Page() {
  return (
    <div class="page">
      <Brand page="Dashboard">
        <a class="top-link" href="/lessons">
          Lessons
        </a>
        <LinkState />
      </Brand>
      <main>
        <h1 class="visually-hidden">Dashboard</h1>
        <TokenGate />
        <Health />
        <div class="grid">
          <div class="column wide">
            <QueryPanel />
            <TaskStreamPanel />
            <JobsPanel />
            <LogPanel />
          </div>
          <div class="column">
            <WorkersPanel />
            <InvitePanel />
            <DatasetsPanel />
            <RelationsPanel />
            <RecomputesPanel />
          </div>
        </div>
      </main>
    </div>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<Page />, root);
start();
