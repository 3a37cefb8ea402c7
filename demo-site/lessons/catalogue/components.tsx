/** Connected components: labels that spread from airport to airport. */
import { type Components, connectedComponents, linksSql, SIZES } from '../../../examples/connected-components/job.ts';
import { plural } from '../../ui/format.ts';
import { lesson } from '../lesson.ts';
import { componentSizes, type Link, Network, type Place } from '../pictures/network.tsx';
import { Sizes } from './sizes.ts';

const sizes = new Sizes(
  ['flights of less than 120 miles', { ...SIZES, miles: 120 }],
  ['less than 150 miles', { ...SIZES, miles: 150 }],
  ['less than 250 miles', { ...SIZES, miles: 250 }],
);

interface State {
  readonly places: ReadonlyMap<string, Place>;
  readonly links: readonly Link[];
  readonly labels: Components;
  readonly rounds: number;
}

export const componentsLesson = lesson<State, Components>({
  id: 'connected-components',
  title: 'Connected components: islands of short flights',
  about: [
    'From which airports can one reach which others with short flights only? The airports fall into islands.',
    'Each airport begins as an island of its own, with its own label. In each round it takes the smallest label among its neighbours, until no label changes.',
    'No tab sees the whole map: each has some of the links, and still all find the same islands.',
  ],
  tries: [
    'How many rounds does it take? What has that to do with the longest island?',
    'Allow longer flights: when does one large island appear?',
    'Close a tab between two rounds. Are the islands the same?',
  ],
  sizes: sizes.list,
  example: (size) => ({ ...connectedComponents(sizes.at(size)), inputs: { flights: 'flights', airports: 'airports' } }),
  begin: () => ({ places: new Map(), links: [], labels: [], rounds: 0 }),
  backdrop: {
    sql: (size) =>
      `SELECT l.a, p.longitude, p.latitude, l.b, q.longitude, q.latitude FROM (${linksSql(sizes.at(size))}) AS l
       JOIN airports AS p ON p.iata = l.a JOIN airports AS q ON q.iata = l.b`,
    take: (state, rows) => {
      const places = new Map<string, Place>();
      for (const [a, ax, ay, b, bx, by] of rows) {
        places.set(String(a), { longitude: Number(ax), latitude: Number(ay) });
        places.set(String(b), { longitude: Number(bx), latitude: Number(by) });
      }
      return { ...state, places, links: rows.map(([a, , , b]) => ({ a: String(a), b: String(b) })) };
    },
  },
  takeStep: (state, labels) => ({ ...state, labels: labels as Components, rounds: state.rounds + 1 }),
  takeAnswer: (state, labels) => ({ ...state, labels }),
  say: ({ labels, rounds }) => {
    const [largest] = componentSizes(labels);
    if (largest === undefined) return '';
    const islands = plural(componentSizes(labels).length, 'island');
    return `${islands} among ${plural(labels.length, 'airport')} after ${plural(rounds, 'round')}; the largest has ${largest[1]}.`;
  },
  Picture: ({ state: { places, links, labels } }) => <Network places={places} links={links} labels={labels} />,
});
