import { expose } from 'comlink';
import { StoreLab } from './store-lab.ts';

expose(new StoreLab());
