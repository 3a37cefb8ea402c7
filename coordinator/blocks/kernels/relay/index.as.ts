/** Digests what passes through the coordinator. stream-digest.ts drives it and owns its memory. */
export {
  blake3Finish,
  blake3Start,
  blake3StateBytes,
  blake3Update,
  blake3WorkBytes,
} from '../../../../shared/kernels/blake3-stream.as';
