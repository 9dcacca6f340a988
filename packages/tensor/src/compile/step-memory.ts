/** The device memory that a recorded step keeps from call to call. */
import type { Device, DeviceBuffer } from '../device/device.ts';
import { leave, settle, type Resident } from '../device/residents.ts';

/**
 * Buffers by name, made when they are first asked for. They go when the step is disposed of or nothing reaches it any
 * more, and all at once when one of them has no room: the next call starts anew.
 */
export class StepMemory {
  readonly #device: Device;
  readonly #kept = new Map<string, Resident>();
  /** What was last written to a buffer, while it is still there. */
  readonly #contents = new Map<string, Uint8Array>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Whether there is a buffer of this name. */
  has(name: string): boolean {
    return this.#kept.has(name);
  }

  /**
   * The buffer of a name.
   * @throws {OutOfMemoryError} when there is no room for it.
   */
  buffer(name: string, bytes: number): DeviceBuffer {
    const known = this.#kept.get(name);
    if (known) return known.buffer;
    const buffer = this.#device.allocate(bytes);
    this.#kept.set(name, settle(this, this.#device, buffer));
    return buffer;
  }

  /** The buffer of a name with these bytes in it, which must not change: the same ones are not written again. */
  upload(name: string, bytes: Uint8Array): DeviceBuffer {
    const buffer = this.buffer(name, bytes.byteLength);
    if (this.#contents.get(name) !== bytes) this.#device.write(buffer, 0, bytes);
    this.#contents.set(name, bytes);
    return buffer;
  }

  /** Gives everything back. */
  release(): void {
    for (const resident of this.#kept.values()) this.#device.free(leave(resident));
    this.#kept.clear();
    this.#contents.clear();
  }
}
