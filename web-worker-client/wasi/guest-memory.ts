/** Views of a guest's memory. They must be taken anew (`refresh`) whenever the guest ran, since growing detaches them. */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #buffer: ArrayBufferLike | undefined;
  bytes = new Uint8Array();
  view = new DataView(new ArrayBuffer(0));

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  refresh(): void {
    // A module's start function calls before its memory can be known: to it, no address is inside.
    if (this.#memory === undefined || this.#buffer === this.#memory.buffer) return;
    this.#buffer = this.#memory.buffer;
    this.bytes = new Uint8Array(this.#buffer);
    this.view = new DataView(this.#buffer);
  }

  get byteLength(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** Whether `size` bytes at `at` lie inside. */
  holds(at: number, size: number): boolean {
    return at + size <= this.bytes.length;
  }
}
