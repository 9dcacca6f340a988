/** Scratch memory that the programs of one device take turns with. */
import type { Runner } from '../program/runner.ts';
import type { DeviceMemory } from './device-memory.ts';

/** A workspace that is larger is given back when nothing runs: copies of large operands would stay for ever. */
export const mostKept: number = 64 * 2 ** 20;

/** Grows to the largest demand. */
export class Workspace {
  readonly #memory: DeviceMemory;
  readonly #runner: Runner;
  #address = 0;

  constructor(memory: DeviceMemory, runner: Runner) {
    this.#memory = memory;
    this.#runner = runner;
  }

  /**
   * Makes room for at least `bytes`.
   * @throws {OutOfMemoryError} where there is none.
   */
  reserve(bytes: number, operation: string): void {
    if (bytes <= this.#runner.workspaceBytes) return;
    this.#release();
    this.#address = this.#memory.allocate(bytes, operation);
    this.#runner.setWorkspace(this.#address, bytes);
  }

  /** Gives back what is large; programs that ran are done with it. */
  relax(): void {
    if (this.#runner.workspaceBytes > mostKept) this.#release();
  }

  #release(): void {
    if (this.#address !== 0) this.#memory.allocator.release(this.#address);
    this.#address = 0;
    this.#runner.setWorkspace(0, 0);
  }
}
