/**
 * Where the value of a realized tensor lives: in JavaScript memory, on its device, or both.
 *
 * Values that JavaScript made stay in JavaScript memory until a kernel needs them, and small results of synchronous
 * devices return there: such storages are plain garbage and need no finalizer, so that a loop that never yields to the
 * event loop does not pile them up.
 */
import type { Device, DeviceBuffer } from '../device/device.ts';
import { leave, settle, type Resident } from '../device/residents.ts';

/** The bytes of one realized tensor, contiguous. */
export class Storage {
  readonly device: Device;
  readonly bytes: number;
  /** Counts host values used by kernels: the second use moves them to the device for good. */
  #uploads = 0;
  /** Nodes that share this storage. */
  #owners = 1;
  #hostBytes: Uint8Array | undefined;
  #resident: Resident | undefined;

  private constructor(device: Device, bytes: number, host: Uint8Array | undefined, buffer: DeviceBuffer | undefined) {
    this.device = device;
    this.bytes = bytes;
    this.#hostBytes = host;
    if (buffer) this.#own(buffer);
  }

  #own(buffer: DeviceBuffer): void {
    this.#resident = settle(this, this.device, buffer);
  }

  /** A storage over JavaScript bytes; the caller gives them away. */
  static host(device: Device, data: Uint8Array): Storage {
    return new Storage(device, data.byteLength, data, undefined);
  }

  /** A storage that owns a device buffer. */
  static resident(device: Device, buffer: DeviceBuffer): Storage {
    return new Storage(device, buffer.bytes, undefined, buffer);
  }

  /** The bytes, if JavaScript has them. */
  get host(): Uint8Array | undefined {
    return this.#hostBytes;
  }

  /** The buffer, if the value is on the device. */
  get buffer(): DeviceBuffer | undefined {
    return this.#resident?.buffer;
  }

  /** Puts the value on the device for good and returns its buffer. */
  moveToDevice(): DeviceBuffer {
    if (this.#resident) return this.#resident.buffer;
    const buffer = this.device.allocate(this.bytes);
    if (this.#hostBytes) this.device.write(buffer, 0, this.#hostBytes);
    this.#hostBytes = undefined;
    this.#own(buffer);
    return buffer;
  }

  /**
   * A buffer to read from during one run. The first use of a host value uploads it to a buffer of that run only
   * (`temporary`, for the caller to free); a value used again stays on the device.
   */
  bufferForRead(): { readonly buffer: DeviceBuffer; readonly temporary: boolean } {
    if (this.#resident || this.#uploads > 0 || !this.#hostBytes)
      return { buffer: this.moveToDevice(), temporary: false };
    this.#uploads++;
    const buffer = this.device.allocate(this.bytes);
    this.device.write(buffer, 0, this.#hostBytes);
    return { buffer, temporary: true };
  }

  /**
   * A copy of the bytes.
   * @throws {DeviceError} on devices that cannot read at once.
   */
  readSync(): Uint8Array<ArrayBuffer> {
    if (this.#hostBytes) return new Uint8Array(this.#hostBytes);
    return this.device.readSync(this.moveToDevice(), 0, this.bytes);
  }

  /** A copy of the bytes. */
  async read(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#hostBytes) return new Uint8Array(this.#hostBytes);
    return this.device.read(this.moveToDevice(), 0, this.bytes);
  }

  /** One more node uses this storage. */
  share(): this {
    this.#owners++;
    return this;
  }

  /** Whether several nodes use this storage, so that it must not be overwritten. */
  get shared(): boolean {
    return this.#owners > 1;
  }

  /** Lets go of one owner's share; the last one frees the memory. */
  free(): void {
    if (--this.#owners > 0) return;
    if (this.#resident) this.device.free(leave(this.#resident));
    this.#resident = undefined;
    this.#hostBytes = undefined;
  }
}
