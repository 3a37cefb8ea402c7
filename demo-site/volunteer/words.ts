/** The state in one word, and the tab's title: progress stays readable when the tab is not in front. */
import type { GridSnapshot } from './grid.ts';

export function stateWord(state: GridSnapshot['state']): string {
  if (state === 'draining') return 'finishing';
  if (state === 'left') return 'disconnected';
  return state;
}

/** The client's sentence, without the state's own word in front: the page shows that one large. */
export function sentence({ words }: GridSnapshot): string {
  return words.replace(/^Paused\. /, '');
}

export function titleOf(view: GridSnapshot | undefined): string {
  if (view === undefined) return 'Join the grid – Muster';
  const busy = new Set(view.current.map(({ slot }) => slot)).size;
  const now = view.state === 'working' ? `working ${busy}/${view.traits.slots}` : stateWord(view.state);
  return `${now} · ${view.contribution.tasks} done – Muster`;
}
