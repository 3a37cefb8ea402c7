/** The split kernel: rows into the buckets of a shuffle, or in order. kernel-splitter.ts and kernel-sorter.ts beside this folder drive it. */

export { blake3Chunks, blake3End, blake3Room } from '../../../shared/kernels/blake3.as';
export { bothValid, repeatBits } from './bits.as';
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
export {
  addKey,
  addNulls,
  clearKeys,
  countDigits,
  gatherNulls,
  gatherValues,
  inOrder,
  keyBounds,
  newRecords,
  noteNulls,
  nullsAmong,
  sortByDigit,
} from './sort.as';
