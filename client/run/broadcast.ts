/** A value that functions read: encoded once, and named by the steps that use it. */
import { encode } from '../encoding.ts';

/** Made by `connection.broadcast(value)`, and named in the options of the steps that read it. */
export class Broadcast<Value> {
  /** As it was given: changes after that are not seen by functions. */
  readonly value: Value;
  /** As it travels. */
  readonly text: string;

  /** @throws TypeError for what cannot be an element */
  constructor(value: Value) {
    this.text = encode(value);
    this.value = value;
  }
}
