/**
 * The WebGPU device. The host (`navigator.gpu`, or Dawn in Node) is injected, so this file runs anywhere.
 */
import type {
  BufferRange,
  Device,
  DeviceBuffer,
  DeviceCapabilities,
  DeviceMemory,
  KernelCall,
  PreparedKernel,
} from '../../device/device.ts';
import type { EncodedCosts } from '../../device/encoded-costs.ts';
import { KernelCache } from '../../device/kernel-cache.ts';
import { reclaim, relieve } from '../../device/residents.ts';
import { dtypeNames } from '../../dtype/dtype.ts';
import { DeviceError } from '../../errors.ts';
import type { KernelSpec, LoopSpec } from '../../kernel/spec.ts';
import { openDevice, type OpenedDevice } from './adapter.ts';
import { BufferPool } from './buffers.ts';
import { softwareCosts } from './encoded/costs.ts';
import { KernelRunner, type CompiledKernel } from './compiled-kernel.ts';
import { Failures } from './failures.ts';
import type { WebGpuOptions } from './open.ts';
import { acceptsSpec, programOf } from './programs.ts';
import { Reader, uploadable } from './transfers.ts';

/** Opens a device on the host's adapter. */
export async function openWebGpuDevice(options: WebGpuOptions): Promise<Device> {
  return new WebGpuDevice(options.name ?? 'webgpu', await openDevice(options.gpu, options));
}

class WebGpuDevice implements Device {
  readonly name: string;
  readonly description: string;
  readonly capabilities: DeviceCapabilities;
  readonly #device: GPUDevice;
  readonly #opened: OpenedDevice;
  readonly #failures: Failures;
  readonly #pool: BufferPool;
  readonly #reader: Reader;
  readonly #runner: KernelRunner;
  readonly #kernels = new KernelCache<CompiledKernel>();

  constructor(name: string, opened: OpenedDevice) {
    this.name = name;
    this.description = opened.description;
    this.#opened = opened;
    this.#device = opened.device;
    this.#failures = new Failures(opened.device);
    this.#pool = new BufferPool(opened.device, this.#failures, () => reclaim(this));
    this.#reader = new Reader(opened.device, this.#failures);
    this.#runner = new KernelRunner(opened.device, this.#pool, this.#failures);
    this.capabilities = {
      dtypes: new Set(dtypeNames.filter((dtype) => dtype !== 'f64')),
      offsetAlignment: Math.max(16, opened.device.limits.minStorageBufferOffsetAlignment),
      bufferParts: false,
      maxBindings: opened.profile.maxBindings,
      synchronousRead: false,
    };
  }

  get encodedCosts(): EncodedCosts | undefined {
    return this.#opened.profile.software ? softwareCosts : undefined;
  }

  accepts(spec: KernelSpec): boolean {
    return acceptsSpec(spec, this.#opened.profile);
  }

  allocate(bytes: number): DeviceBuffer {
    this.#failures.requireAlive('allocate');
    relieve(this, bytes);
    return this.#pool.allocate(bytes);
  }

  free(buffer: DeviceBuffer): void {
    this.#pool.free(buffer);
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    this.#failures.requireAlive('write');
    if (data.byteLength === 0) return;
    const { gpu, bytes } = this.#pool.own(buffer);
    const wholeWords = byteOffset % 4 === 0 && (data.byteLength % 4 === 0 || byteOffset + data.byteLength >= bytes);
    if (wholeWords) this.#device.queue.writeBuffer(gpu, byteOffset, uploadable(data));
    else this.#writeBytes(buffer, byteOffset, data);
  }

  /** Uploads to a buffer of its own, then copies byte by byte: WebGPU itself writes whole words only. */
  #writeBytes(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    const upload = this.#pool.allocate(data.byteLength);
    this.#device.queue.writeBuffer(upload.gpu, 0, uploadable(data));
    const whole = (target: DeviceBuffer): BufferRange => ({ buffer: target, byteOffset: 0, byteLength: target.bytes });
    this.run([{ kernel: this.prepare(byteCopy(byteOffset, data.byteLength)), ranges: [whole(upload), whole(buffer)] }]);
    this.#pool.free(upload);
  }

  read(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    this.#failures.requireAlive('read');
    return this.#reader.read(this.#pool.own(buffer).gpu, byteOffset, byteLength);
  }

  readSync(): never {
    throw new DeviceError('webgpu readSync', 'WebGPU cannot be read synchronously: use `await tensor.data()`');
  }

  prepare(spec: KernelSpec): PreparedKernel {
    this.#failures.requireAlive('prepare');
    return this.#kernels.find(spec, () => this.#runner.compile(spec, programOf(spec, this.#opened.profile)));
  }

  run(calls: readonly KernelCall[]): void {
    this.#failures.requireAlive('run');
    if (calls.length === 0) return;
    const encoder = this.#device.createCommandEncoder();
    this.#runner.encode(encoder, calls);
    this.#device.queue.submit([encoder.finish()]);
  }

  async synchronize(): Promise<void> {
    this.#failures.requireAlive('synchronize');
    await this.#device.queue.onSubmittedWorkDone();
    await this.#failures.settled();
    this.#failures.check();
  }

  memory(): DeviceMemory {
    return this.#pool.memory();
  }

  dispose(): void {
    this.#failures.markDisposed();
    this.#kernels.clear();
    this.#device.destroy();
  }
}

function byteCopy(offset: number, length: number): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype: 'u8', access: 'read' },
      { dtype: 'u8', access: 'write' },
    ],
    outer: [length],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [1] }, dtype: 'u32' },
      { kind: 'store', access: { binding: 1, offset, strides: [1] }, arg: 0, each: 'point' },
    ],
  };
}
