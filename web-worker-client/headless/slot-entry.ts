/** The slot's thread in Node. */
/// <reference path="./comlink-node.d.ts" />
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { exposedSlot } from '../slots/exposed-slot.ts';
import { nodeSlotRuntime } from './slot-runtime.ts';

if (parentPort === null) throw new Error('slot-entry is the script of a worker thread; start `muster worker` instead');
expose(exposedSlot(nodeSlotRuntime), nodeEndpoint(parentPort));
