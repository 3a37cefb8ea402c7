/** A slot whose thread ends with its first task, as after a trap; `boot` alone works. */
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';

expose({ boot: async () => ({ engineVersion: 'none' }), run: () => process.exit(7) }, nodeEndpoint(parentPort));
