/** The volunteer page. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { Brand } from '../ui/parts.tsx';
import { Leaving, Left } from './away.tsx';
import { Consent } from './consent.tsx';
import { Joined } from './joined.tsx';
import { phase, snapshot } from './model.ts';
import { titleOf } from './words.ts';

function Page() {
  const now = phase.value;
  return (
    <div class="page">
      <Brand page="Volunteer" />
      {now.kind === 'leaving' && <Leaving deletesBlocks={now.deletesBlocks} />}
      {now.kind === 'left' && <Left deletedBlocks={now.deletedBlocks} problem={now.problem} />}
      {now.kind === 'joined' && <Joined />}
      {(now.kind === 'consent' || now.kind === 'joining') && <Consent />}
    </div>
  );
}

effect(() => {
  document.title = titleOf(phase.value.kind === 'joined' ? snapshot.value : undefined);
});

const root = document.getElementById('app');
if (root !== null) render(<Page />, root);
