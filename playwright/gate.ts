/** A promise that is opened from outside, once; opening it again changes nothing. */
export class Gate<T> {
  readonly opened: Promise<T>;
  #resolve: (value: T) => void = () => undefined;

  constructor() {
    this.opened = new Promise<T>((resolve) => {
      this.#resolve = resolve;
    });
  }

  open(value: T): void {
    this.#resolve(value);
  }
}
