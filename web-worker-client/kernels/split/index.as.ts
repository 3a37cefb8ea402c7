/** The split kernel: rows into the buckets of a shuffle. kernel-splitter.ts beside this folder drives it and owns its memory. */
export { bothValid, repeatBits } from './bits.as';
export { blake3Chunks, blake3End, blake3Room } from './blake3.as';
export { assign, assignGiven, assignOne, cellsOfElements, countLengths, countNulls, repeatCells } from './cells.as';
export {
  hash8,
  hash16,
  hash32,
  hash64,
  hashBool,
  hashBytes,
  hashDecimal,
  hashDouble,
  hashFloat,
  hashGiven,
  hashInterval,
} from './hash.as';
export {
  scatter1,
  scatter2,
  scatter4,
  scatter8,
  scatter16,
  scatterBools,
  scatterBytes,
  scatterLists,
  scatterNulls,
} from './scatter.as';
