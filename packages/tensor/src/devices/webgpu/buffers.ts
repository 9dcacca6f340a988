/**
 * Device memory: a pool of GPU buffers by size class, and the accounting.
 *
 * A freed buffer may be handed out again at once, because the queue runs in order: whatever reads the old contents was
 * submitted before whatever writes the new ones.
 */
import type { DeviceBuffer, DeviceMemory } from '../../device/device.ts';
import { DeviceError, InternalError, OutOfMemoryError, showBytes } from '../../errors.ts';
import type { Failures } from './failures.ts';
import { bufferUsage } from './gpu-constants.ts';
import { roundUp } from './numbers.ts';

/** A buffer handed to the planner: `gpu` is at least as large as `bytes` rounded up to 16. */
export interface WebGpuBuffer extends DeviceBuffer {
  readonly gpu: GPUBuffer;
}

/** Freed bytes kept for reuse; beyond, buffers are destroyed. */
const mostPooledBytes = 512 * 2 ** 20;
const smallestClass = 256;

/** Sizes are rounded up to four steps per power of two, which wastes at most a fifth. */
export function sizeClass(bytes: number): number {
  if (bytes <= smallestClass) return smallestClass;
  const step = 2 ** Math.floor(Math.log2(bytes - 1)) / 4;
  return roundUp(bytes, step);
}

/** Allocates, pools and counts the buffers of one device. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #reclaim: () => void;
  /** Buffers that the host had no memory for: they are never handed out again. */
  readonly #refused = new WeakSet<GPUBuffer>();
  readonly #largest: number;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #live = new Set<WebGpuBuffer>();
  #pooledBytes = 0;
  #liveBytes = 0;

  /** `reclaim` is called when the host has no memory left, to find some. */
  constructor(device: GPUDevice, failures: Failures, reclaim: () => void) {
    this.#device = device;
    this.#failures = failures;
    this.#reclaim = reclaim;
    this.#largest = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  }

  /**
   * A buffer of so many bytes, one that was given back where there is one that fits.
   * @throws {DeviceError} for more bytes than a buffer of this adapter holds.
   */
  allocate(bytes: number): WebGpuBuffer {
    if (bytes > this.#largest) {
      throw new DeviceError(
        'webgpu allocate',
        `${bytes} bytes are more than one buffer of this adapter holds (${this.#largest}): split the tensor, or use the cpu device`,
      );
    }
    const buffer: WebGpuBuffer = { bytes, gpu: this.acquire(bytes) };
    this.#live.add(buffer);
    this.#liveBytes += bytes;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    const own = this.own(buffer);
    this.#live.delete(own);
    this.#liveBytes -= own.bytes;
    this.release(own.gpu);
  }

  /** The buffer as this device's own, which it must be and still alive. */
  own(buffer: DeviceBuffer): WebGpuBuffer {
    if (!this.#live.has(buffer as WebGpuBuffer))
      throw new InternalError('webgpu', 'a buffer was used after it was freed, or belongs to another device');
    return buffer as WebGpuBuffer;
  }

  /** A pooled or new GPU buffer, outside the accounting. */
  acquire(bytes: number): GPUBuffer {
    const size = Math.min(sizeClass(bytes), Math.max(this.#largest, smallestClass));
    const pooled = this.#free.get(size)?.pop();
    if (pooled !== undefined) {
      this.#pooledBytes -= size;
      return pooled;
    }
    return this.#create(size);
  }

  /** A new buffer; that there is no memory for it becomes known later, where somebody waits. */
  #create(size: number): GPUBuffer {
    this.#device.pushErrorScope('out-of-memory');
    const buffer = this.#device.createBuffer({
      size,
      usage: bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyDestination,
    });
    const check = this.#device.popErrorScope().then((error) => {
      if (error !== null) this.#refuse(buffer);
    });
    this.#failures.watch(check.catch(() => undefined));
    return buffer;
  }

  #refuse(buffer: GPUBuffer): void {
    const alive = `${showBytes(this.#liveBytes)} in ${this.#live.size} buffers are alive on the webgpu device`;
    this.#failures.note(new OutOfMemoryError('webgpu allocate', 'a buffer', buffer.size, alive));
    this.#refused.add(buffer);
    for (const pooled of this.#free.values()) for (const unused of pooled) unused.destroy();
    this.#free.clear();
    this.#pooledBytes = 0;
    this.#reclaim();
  }

  /** Takes back a GPU buffer made by `acquire`. */
  release(buffer: GPUBuffer): void {
    if (this.#refused.has(buffer) || this.#pooledBytes + buffer.size > mostPooledBytes) {
      buffer.destroy();
      return;
    }
    const list = this.#free.get(buffer.size) ?? [];
    list.push(buffer);
    this.#free.set(buffer.size, list);
    this.#pooledBytes += buffer.size;
  }

  memory(): DeviceMemory {
    return { bytes: this.#liveBytes, buffers: this.#live.size };
  }
}
