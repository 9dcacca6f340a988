/**
 * A device whose kernels are copies: programs of the cpu device, cloned as a message to a worker clones them, and run by
 * others than who made them.
 */
import { once } from 'node:events';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { BufferRange, Device, DeviceBuffer, KernelCall, PreparedKernel } from '../../../src/device/device.ts';
import { webAssembly } from '../../../src/devices/cpu/assembler/web-assembly.ts';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { Engine } from '../../../src/devices/cpu/engine.ts';
import { DeviceMemory } from '../../../src/devices/cpu/memory/device-memory.ts';
import { MemoryViews } from '../../../src/devices/cpu/memory/memory-views.ts';
import type { Program } from '../../../src/devices/cpu/program/program.ts';
import { Runner, type LinkedProgram } from '../../../src/devices/cpu/program/runner.ts';
import { acceptsSpec, compile, compileTail, scratchOf } from '../../../src/devices/cpu/programs.ts';
import type { KernelSpec } from '../../../src/kernel/spec.ts';

/** What a program is to be run on. */
export interface Run {
  readonly program: Program;
  readonly addresses: readonly number[];
  readonly begin: number;
  readonly end: number;
  readonly workspace: { readonly address: number; readonly bytes: number };
}

/** Runs a cloned program. */
export interface Helper {
  readonly run: (run: Run) => void;
  readonly end: () => unknown;
}

/** Runs programs on a memory by a runner of its own. */
export function runnerOn(views: MemoryViews): (run: Run) => void {
  const runner = new Runner(views);
  const linked = new WeakMap<Program, LinkedProgram>();
  return ({ program, addresses, begin, end, workspace }) => {
    const known = linked.get(program) ?? runner.link(program);
    linked.set(program, known);
    runner.setWorkspace(workspace.address, workspace.bytes);
    for (const [binding, address] of addresses.entries()) runner.bind(binding, address);
    runner.run(known, begin, end);
  };
}

/** Runs on a copy of the memory, which is copied back. */
export function onCopies({ views, limits }: DeviceMemory): Helper {
  return {
    run: (run) => {
      const pages = views.bytes.length / 65536;
      const copy = new MemoryViews(new webAssembly.Memory(limits));
      if (pages > limits.initial) copy.memory.grow(pages - limits.initial);
      copy.bytes.set(views.bytes);
      runnerOn(copy)(run);
      views.bytes.set(copy.bytes);
    },
    end: () => {},
  };
}

/** Runs in a worker thread on the same memory, while this one waits. */
export async function inThread({ views }: DeviceMemory): Promise<Helper> {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const file = JSON.stringify(new URL('program-worker.ts', import.meta.url).href);
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${file}); })`;
  const { port1: complaints, port2: complain } = new MessageChannel();
  const workerData = { memory: views.memory, done, complain };
  const worker = new Worker(start, { eval: true, execArgv: [], workerData, transferList: [complain] });
  // Until it has loaded its modules it may need this thread.
  await once(worker, 'message');
  return {
    run: (run) => {
      Atomics.store(done, 0, 0);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(run);
      // What wakes this thread may be the notification that follows the end of the run before.
      while (Atomics.load(done, 0) === 0)
        if (Atomics.wait(done, 0, 0, 20_000) === 'timed-out') throw new Error('the worker thread does not answer');
      const failed = receiveMessageOnPort(complaints);
      if (failed) throw new Error('the worker thread failed', { cause: failed.message });
    },
    end: () => {
      complaints.close();
      return worker.terminate();
    },
  };
}

class ProgramKernel implements PreparedKernel {
  readonly spec: KernelSpec;
  readonly program: Program;
  /** What one alone runs after it. */
  readonly tail: Program | undefined;
  readonly scratch: readonly number[];

  constructor(spec: KernelSpec, program: Program, tail: Program | undefined) {
    this.spec = spec;
    this.program = program;
    this.tail = tail;
    this.scratch = scratchOf(spec);
  }
}

interface Placed extends DeviceBuffer {
  readonly address: number;
}

/** A device that runs the second half of each program's range by itself, and then has the first half run by a helper. */
export class ProgramDevice implements Device {
  readonly name = 'programs';
  readonly description = 'cloned programs';
  readonly capabilities: Device['capabilities'] = createCpuDevice({ name: 'cpu:capabilities' }).capabilities;
  /** Programs whose range was divided. */
  divided = 0;
  readonly #memory: DeviceMemory;
  readonly #engine: Engine;
  readonly #run: (run: Run) => void;
  readonly #helper: Helper;
  readonly #buffers = new Set<Placed>();

  private constructor(memory: DeviceMemory, helper: Helper) {
    this.#memory = memory;
    this.#engine = new Engine(memory);
    this.#run = runnerOn(memory.views);
    this.#helper = helper;
  }

  /** A device with a memory of its own. */
  static async open(helper: (memory: DeviceMemory) => Helper | Promise<Helper>): Promise<ProgramDevice> {
    const memory = new DeviceMemory(256 * 2 ** 20);
    return new ProgramDevice(memory, await helper(memory));
  }

  accepts(spec: KernelSpec): boolean {
    return acceptsSpec(spec);
  }

  allocate(bytes: number): DeviceBuffer {
    const buffer = { bytes, address: this.#memory.allocate(bytes, 'allocate') };
    this.#buffers.add(buffer);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#buffers.delete(buffer as Placed)) this.#memory.allocator.release((buffer as Placed).address);
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    this.#memory.views.bytes.set(data, (buffer as Placed).address + byteOffset);
  }

  readSync(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    const from = (buffer as Placed).address + byteOffset;
    return new Uint8Array(this.#memory.views.bytes.subarray(from, from + byteLength));
  }

  async read(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.readSync(buffer, byteOffset, byteLength);
  }

  prepare(spec: KernelSpec): PreparedKernel {
    const [program, tail] = structuredClone([compile(spec, this.#engine), compileTail(spec, this.#engine)] as const);
    return new ProgramKernel(spec, program, tail);
  }

  run(calls: readonly KernelCall[]): void {
    for (const { kernel, ranges } of calls) {
      const { program, tail } = kernel as ProgramKernel;
      const addresses = ranges.map(({ buffer, byteOffset }: BufferRange) => (buffer as Placed).address + byteOffset);
      this.#runDivided(program, addresses, program.range >> 1);
      if (tail) this.#runDivided(tail, addresses, 0);
    }
  }

  #runDivided(program: Program, addresses: readonly number[], middle: number): void {
    const { range, workspaceBytes: bytes } = program;
    const [own, other] = [this.#memory.allocate(bytes, 'own'), this.#memory.allocate(bytes, 'other')];
    if (middle > 0) {
      this.divided++;
      this.#run({ program, addresses, begin: middle, end: range, workspace: { address: own, bytes } });
    }
    const end = middle === 0 ? range : middle;
    this.#helper.run({ program, addresses, begin: 0, end, workspace: { address: other, bytes } });
    for (const address of [own, other]) this.#memory.allocator.release(address);
  }

  async synchronize(): Promise<void> {}

  memory(): { readonly bytes: number; readonly buffers: number } {
    return { bytes: 0, buffers: this.#buffers.size };
  }

  dispose(): void {
    this.#helper.end();
  }
}
