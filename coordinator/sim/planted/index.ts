/** All planted bugs. Each has to be found: that is the proof that the simulator can fail. */
import type { Plant } from '../plant.ts';
import { commandPlants } from './commands.ts';
import { eventPlants } from './events.ts';
import { statePlants } from './state.ts';

/** Those that need no scheduler. */
const surroundings: readonly Plant[] = [
  {
    name: 'bytes-not-checked',
    what: 'tabs compute with damaged bytes',
    options: ({ faults }) => ({ faults: { ...faults, corrupt: 60 }, rowBytes: 20_000 }),
    isCredulous: true,
  },
  {
    name: 'copies-not-checked',
    what: 'the coordinator keeps the bytes that tabs give it as they come',
    options: ({ faults }) => ({ faults: { ...faults, corrupt: 60, lie: 20 }, rowBytes: 20_000 }),
    keepsUnchecked: true,
  },
  {
    name: 'told-runs-mixed',
    what: 'a lease names a run of chunks by the number of another one',
    options: () => ({ counting: 0.5 }),
    mixesTold: true,
  },
  {
    name: 'silence-not-noticed',
    what: 'a session that fell silent is kept for ever',
    options: ({ faults }) => ({ faults: { ...faults, kill: 10, halfOpen: 6 } }),
    isDeaf: true,
  },
  {
    name: 'accepted-too-soon',
    what: 'authors are told that a job is accepted before it is written down',
    options: ({ faults }) => ({ faults: { ...faults, crash: 20 }, flushMs: 200, authorMs: 100 }),
    acksEarly: true,
  },
  {
    name: 'torn-record-read',
    what: 'half a record at the end of the journal is taken for a whole one',
    options: ({ faults }) => ({ faults: { ...faults, crash: 20 }, flushMs: 200, jobs: 20, authorMs: 200 }),
    readsTorn: true,
  },
];

export const PLANTS: readonly Plant[] = [...commandPlants, ...eventPlants, ...statePlants, ...surroundings];
