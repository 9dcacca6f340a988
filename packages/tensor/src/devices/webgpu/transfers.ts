/** Bytes in and out of GPU buffers, at any offset and length. */
import { DeviceError } from '../../errors.ts';
import type { Failures } from './failures.ts';
import { bufferUsage, mapModeRead } from './gpu-constants.ts';
import { roundUp } from './numbers.ts';

/** Staging buffers kept for the next read. */
const mostStaging = 4;

/** A view that WebGPU accepts: on memory that is neither shared nor resizable, and a multiple of four bytes long (padded with zeros). */
export function uploadable(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = data as { readonly buffer: ArrayBufferLike & { readonly resizable?: boolean } };
  if (data.byteLength % 4 === 0 && buffer instanceof ArrayBuffer && !buffer.resizable)
    return data as Uint8Array<ArrayBuffer>;
  const copy = new Uint8Array(roundUp(data.byteLength, 4));
  copy.set(data);
  return copy;
}

/** Copies device memory into mappable buffers and waits for them. */
export class Reader {
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #staging: GPUBuffer[] = [];

  constructor(device: GPUDevice, failures: Failures) {
    this.#device = device;
    this.#failures = failures;
  }

  /**
   * A copy of bytes of a buffer, once everything that was asked for has been done.
   * @throws {DeviceError | OutOfMemoryError} when the bytes cannot be read, or a failure was noted before.
   */
  async read(source: GPUBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    if (byteLength === 0) return new Uint8Array(0);
    const start = byteOffset - (byteOffset % 4);
    const size = roundUp(byteOffset + byteLength - start, 4);
    const staging = this.#acquire(size);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, start, staging, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(mapModeRead, 0, size);
    } catch (cause) {
      staging.destroy();
      await this.#failures.settled();
      this.#failures.check();
      throw new DeviceError('webgpu read', `the result could not be mapped: ${String(cause)}`);
    }
    const first = byteOffset - start;
    const bytes = new Uint8Array(staging.getMappedRange(0, size)).slice(first, first + byteLength);
    staging.unmap();
    this.#release(staging);
    await this.#failures.settled();
    this.#failures.check();
    return bytes;
  }

  #acquire(size: number): GPUBuffer {
    const position = this.#staging.findIndex(
      (buffer) => buffer.size >= size && buffer.size <= Math.max(4 * size, 65536),
    );
    const [found] = position < 0 ? [] : this.#staging.splice(position, 1);
    return (
      found ??
      this.#device.createBuffer({
        size: Math.max(roundUp(size, 16), 256),
        usage: bufferUsage.mapRead | bufferUsage.copyDestination,
        label: 'read-back',
      })
    );
  }

  #release(buffer: GPUBuffer): void {
    if (this.#staging.length < mostStaging) this.#staging.push(buffer);
    else buffer.destroy();
  }
}
