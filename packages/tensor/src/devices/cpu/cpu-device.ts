/**
 * The cpu device: WebAssembly SIMD, assembled from kernel specs at run time.
 */
import { aPositiveInteger, aText, checkOptions, type OptionRules } from '../../arguments/rules.ts';
import { dtypeNames } from '../../dtype/dtype.ts';
import { DeviceError } from '../../errors.ts';
import type {
  BufferRange,
  Device,
  DeviceBuffer,
  DeviceCapabilities,
  DeviceMemory as DeviceMemoryUse,
  KernelCall,
  PreparedKernel,
} from '../../device/device.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import { KernelCache } from '../../device/kernel-cache.ts';
import { reclaim, relieve } from '../../device/residents.ts';
import type { EncodedCosts } from '../../device/encoded-costs.ts';
import { encodedPrograms } from './encoded/provided.ts';
import { Engine } from './engine.ts';
import { DeviceMemory } from './memory/device-memory.ts';
import { decideVectors, vectors } from './wide/vectors.ts';
import { Workspace } from './memory/workspace.ts';
import { mostThreads } from './threads/control.ts';
import { threadCount } from '../../device/threads.ts';
import { chunkOf, leastWork } from './threads/cut.ts';
import { Pool } from './threads/pool.ts';
import { mostBindings, Runner, type LinkedProgram } from './program/runner.ts';
import { acceptsSpec, compile, compileTail, scratchOf } from './programs.ts';

/** Settings of a cpu device. */
export interface CpuDeviceOptions {
  /** What messages and profiles call it, best a name of its own; `cpu` unless given. */
  readonly name?: string;
  /** Upper bound of the memory in bytes; at most, and by default, 4 GiB. It is taken from the system as it is needed. */
  readonly maximumBytes?: number;
  /**
   * How many threads it computes with, at most 256, the caller's among them; results are the same to the bit for any number, but for
   * the bits of a NaN. Default: what `configure({ threads })` or the environment variable `ESPALIER_THREADS` says, else the cores of the
   * machine; 1 where threads cannot share memory or may not wait, as on the main thread of a page. They start when a kernel is first
   * worth it, and keep no process alive.
   */
  readonly threads?: number;
}

const cpuOptions: OptionRules<CpuDeviceOptions> = {
  name: aText,
  maximumBytes: aPositiveInteger,
  threads: aPositiveInteger,
};

/** A part of the linear memory; address 0 marks a freed one. */
class CpuBuffer implements DeviceBuffer {
  readonly bytes: number;
  address: number;

  constructor(bytes: number, address: number) {
    this.bytes = bytes;
    this.address = address;
  }
}

class CpuKernel implements PreparedKernel {
  readonly spec: KernelSpec;
  readonly program: LinkedProgram;
  /** What this thread runs after it. */
  readonly tail: LinkedProgram | undefined;
  readonly scratch: readonly number[];
  /** How many ranges a call has. */
  readonly ranges: number;
  /** Units that a thread takes at a time; 0: one thread runs it. */
  readonly chunk: number;
  readonly threads: number;

  constructor(
    spec: KernelSpec,
    programs: { readonly program: LinkedProgram; readonly tail: LinkedProgram | undefined },
    scratch: readonly number[],
    chunk: number,
    threads: number,
  ) {
    this.spec = spec;
    this.program = programs.program;
    this.tail = programs.tail;
    this.scratch = scratch;
    this.chunk = chunk;
    this.threads = chunk === 0 ? 1 : Math.min(threads, Math.ceil(this.program.program.range / chunk));
    this.ranges = spec.bindings.length + scratch.length;
  }
}

class CpuDevice implements Device {
  readonly name: string;
  readonly description: string;
  readonly capabilities: DeviceCapabilities = {
    dtypes: new Set(dtypeNames),
    offsetAlignment: 8,
    bufferParts: true,
    maxBindings: mostBindings,
    synchronousRead: true,
  };
  readonly #memory: DeviceMemory;
  readonly #engine: Engine;
  readonly #runner: Runner;
  readonly #workspace: Workspace;
  readonly #kernels = new KernelCache<CpuKernel>();
  readonly #buffers = new Set<CpuBuffer>();
  readonly #threads: number;
  readonly #leastWork: number;
  readonly #pool: Pool;
  #bytes = 0;
  #disposed = false;

  constructor(options: CpuDeviceOptions, least: number) {
    this.name = options.name ?? 'cpu';
    this.#memory = new DeviceMemory(options.maximumBytes, () => reclaim(this));
    this.#engine = new Engine(this.#memory);
    this.#runner = new Runner(this.#memory.views);
    this.#workspace = new Workspace(this.#memory, this.#runner);
    this.#threads = this.#memory.limits.shared ? threadCount(options.threads, mostThreads) : 1;
    this.#leastWork = least;
    this.#pool = new Pool(this.#memory, this.#runner, this.#threads);
    const threads = this.#threads === 1 ? 'one thread' : `${this.#threads} threads`;
    this.description = `WebAssembly SIMD${vectors.bits === 256 ? ' of 256 bits' : ''}, ${threads}, ${this.#memory.limits.shared ? 'shared' : 'private'} memory`;
  }

  get encodedCosts(): EncodedCosts | undefined {
    return encodedPrograms.costs;
  }

  accepts(spec: KernelSpec): boolean {
    return acceptsSpec(spec);
  }

  allocate(bytes: number): DeviceBuffer {
    this.#checkAlive('allocate');
    relieve(this, bytes);
    const buffer = new CpuBuffer(bytes, this.#memory.allocate(bytes, 'allocate'));
    this.#buffers.add(buffer);
    this.#bytes += bytes;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    const own = buffer as CpuBuffer;
    if (!this.#buffers.delete(own)) return;
    this.#memory.allocator.release(own.address);
    own.address = 0;
    this.#bytes -= own.bytes;
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    const address = this.#rangeAddress('write', buffer, byteOffset, data.byteLength);
    this.#memory.views.bytes.set(data, address);
  }

  async read(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.readSync(buffer, byteOffset, byteLength);
  }

  readSync(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    const address = this.#rangeAddress('read', buffer, byteOffset, byteLength);
    const copy = new Uint8Array(byteLength);
    copy.set(this.#memory.views.bytes.subarray(address, address + byteLength));
    return copy;
  }

  prepare(spec: KernelSpec): PreparedKernel {
    this.#checkAlive('prepare');
    return this.#kernels.find(spec, () => {
      const program = this.#runner.link(compile(spec, this.#engine));
      const after = compileTail(spec, this.#engine);
      const tail = after && this.#runner.link(after);
      const chunk = chunkOf(spec, program.program, this.#threads, this.#leastWork);
      return new CpuKernel(spec, { program, tail }, scratchOf(spec), chunk, this.#threads);
    });
  }

  run(calls: readonly KernelCall[]): void {
    this.#checkAlive('run');
    for (let at = 0; at < calls.length; at++) {
      const { kernel, ranges } = calls[at] as KernelCall;
      const own = kernel as CpuKernel;
      if (ranges.length < own.ranges) throw tooFew(own.ranges, ranges.length);
      for (let i = 0; i < ranges.length; i++) {
        const { buffer, byteOffset } = ranges[i] as BufferRange;
        const { address } = buffer as CpuBuffer;
        if (address === 0) throw freed('run');
        this.#runner.bind(i, address + byteOffset);
      }
      this.#reserve(own.program);
      if (own.chunk === 0) this.#runner.run(own.program);
      else this.#pool.run(own.program, own.chunk, ranges.length);
      if (own.tail) {
        this.#reserve(own.tail);
        this.#runner.run(own.tail);
      }
    }
    this.#workspace.relax();
    this.#pool.relax();
  }

  async synchronize(): Promise<void> {}

  memory(): DeviceMemoryUse {
    return { bytes: this.#bytes, buffers: this.#buffers.size };
  }

  twin(): Device {
    return new CpuDevice({ name: `${this.name} twin`, threads: this.#threads }, this.#leastWork);
  }

  dispose(): void {
    for (const buffer of this.#buffers) this.free(buffer);
    this.#kernels.clear();
    this.#pool.end();
    this.#disposed = true;
  }

  #reserve({ program: { workspaceBytes, operation } }: LinkedProgram): void {
    this.#workspace.reserve(workspaceBytes, operation);
  }

  #rangeAddress(operation: string, buffer: DeviceBuffer, byteOffset: number, byteLength: number): number {
    const { address, bytes } = buffer as CpuBuffer;
    if (address === 0) throw freed(operation);
    const room = Math.ceil(bytes / 16) * 16;
    if (byteOffset < 0 || byteOffset + byteLength > room) {
      throw new DeviceError(
        operation,
        `bytes ${byteOffset} to ${byteOffset + byteLength} lie outside a buffer of ${bytes} bytes; stay inside it`,
      );
    }
    return address + byteOffset;
  }

  #checkAlive(operation: string): void {
    if (this.#disposed) {
      throw new DeviceError(operation, `device ${this.name} has been disposed of; create another`, 'device-lost');
    }
  }
}

function tooFew(needed: number, given: number): DeviceError {
  return new DeviceError(
    'run',
    `a call has ${given} ranges for a kernel with ${needed}: pass one for each of its bindings and of its scratch`,
  );
}

function freed(operation: string): DeviceError {
  return new DeviceError(operation, 'a buffer was used after it was freed; keep it until its last use');
}

/** Makes a cpu device with a memory of its own. It is ready at once. */
export function createCpuDevice(options: CpuDeviceOptions = {}): Device {
  checkOptions('createCpuDevice', options, cpuOptions);
  decideVectors(() => cpuDeviceWith({ name: 'cpu:self-test', threads: 1 }, leastWork));
  return cpuDeviceWith(options, leastWork);
}

/** The same, which asks its threads for kernels of at least so many microseconds. */
export function cpuDeviceWith(options: CpuDeviceOptions, least: number): Device {
  return new CpuDevice(options, least);
}
