/** Who works on this run: a bar a tab, in its colour. */
import { jobs, workers } from '../dashboard/live.ts';
import { plural } from '../ui/format.ts';
import { TAB_COLOURS } from './colours.ts';
import { jobIds, tally } from './run-model.ts';

const LOCAL = 'coordinator';

export function AtWork() {
  const shares = tally.value.of.shares(jobIds.value);
  if (shares.length === 0) return null;
  const most = Math.max(...shares.map(({ done, running }) => done + running), 1);
  const lost = shares.reduce((sum, share) => sum + share.lost, 0);
  const again = [...jobIds.value].reduce((sum, id) => sum + (jobs.value.get(id)?.counters.recomputes ?? 0), 0);
  let tabs = 0;
  return (
    <section class="at-work" aria-label="Who works" data-test="at-work">
      <ul>
        {shares.map(({ workerId, done, running }) => {
          const here = workers.value.get(workerId);
          const local = workerId === LOCAL;
          const number = local ? 0 : ++tabs;
          const name = local ? 'coordinator' : (here?.name ?? `Tab ${number}`);
          return (
            <li key={workerId} class={here === undefined && !local ? 'gone' : ''}>
              <span class="who" title={workerId}>
                {name}
                {here === undefined && !local && ' (gone)'}
              </span>
              <span class="track">
                <span
                  class="part"
                  style={{ width: `${(100 * done) / most}%`, background: TAB_COLOURS[number % TAB_COLOURS.length] ?? '' }}
                />
                <span
                  class="part at-it"
                  style={{ width: `${(100 * running) / most}%`, background: TAB_COLOURS[number % TAB_COLOURS.length] ?? '' }}
                />
              </span>
              <span class="count">{plural(done, 'task')}</span>
            </li>
          );
        })}
      </ul>
      {lost > 0 && (
        <p class="small again" data-test="lost">
          {plural(lost, 'task')} had to be given to somebody else
          {again > 0 && `, ${plural(again, 'block')} computed again from lineage`}.
        </p>
      )}
    </section>
  );
}
