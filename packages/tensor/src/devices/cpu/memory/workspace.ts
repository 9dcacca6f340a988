/** Scratch memory that the programs of one device take turns with. */
import type { DeviceMemory } from './device-memory.ts';

/** Grows to the largest demand; its address changes when it does, so programs ask at each run. */
export class Workspace {
  readonly #memory: DeviceMemory;
  #bytes = 0;
  #address = 0;

  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  /** The current address. */
  get address(): number {
    return this.#address;
  }

  /** Makes room for at least `bytes`. */
  reserve(bytes: number, operation: string): void {
    if (bytes <= this.#bytes) return;
    if (this.#address !== 0) this.#memory.allocator.release(this.#address);
    this.#address = 0;
    this.#bytes = 0;
    this.#address = this.#memory.allocate(bytes, operation);
    this.#bytes = bytes;
  }
}
