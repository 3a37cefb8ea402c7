/** The slot's dedicated worker in a browser. */
import { expose } from 'comlink';
import { browserRuntime } from './browser-runtime.ts';
import { exposedSlot } from './exposed-slot.ts';

expose(exposedSlot(browserRuntime));
