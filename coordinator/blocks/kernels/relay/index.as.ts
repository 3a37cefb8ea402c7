/** The relay's kernel: takes WebSocket's mask off, and digests what passes. relay-kernel.ts drives it and owns its memory. */
export {
  blake3Finish,
  blake3Start,
  blake3StateBytes,
  blake3Update,
  blake3WorkBytes,
} from '../../../../shared/kernels/blake3-stream.as';
export { unmask } from './unmask.as';
