/**
 * Programs made runnable: pipelines, bind groups, and the encoding of calls.
 */
import { RecentlyUsed } from '../../cache/recently-used.ts';
import type { BufferRange, KernelCall, PreparedKernel } from '../../device/device.ts';
import { mostKernels } from '../../device/kernel-cache.ts';
import { DeviceError } from '../../errors.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import type { BufferPool } from './buffers.ts';
import { compilationErrors, describeGpuError, type Failures } from './failures.ts';
import { bufferUsage, computeStage } from './gpu-constants.ts';
import { roundUp } from './numbers.ts';
import type { Program, Stage } from './program.ts';

/** A pipeline as its code came out. */
interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Why the code does not compile, once the host has said so. */
  problem: string | undefined;
}

/** A stage with its pipeline; `uniform` holds its parameters. */
interface CompiledStage {
  readonly stage: Stage;
  readonly compiled: Compiled;
  readonly uniform: GPUBuffer | undefined;
}

/** A kernel ready to run on this device. */
export interface CompiledKernel extends PreparedKernel {
  readonly program: Program;
  readonly stages: readonly CompiledStage[];
  readonly scratch: readonly number[];
}

/** One stage of one call: ready to be set and dispatched. */
interface BoundStage {
  readonly compiled: Compiled;
  readonly group: GPUBindGroup;
  readonly workgroups: Stage['workgroups'];
}

/** A copy that has to be made before a call because one buffer would otherwise be both read and written. */
interface Detour {
  readonly source: GPUBuffer;
  readonly sourceOffset: number;
  readonly target: GPUBuffer;
  readonly size: number;
}

interface BoundCall {
  readonly detours: readonly Detour[];
  readonly stages: readonly BoundStage[];
}

/** Compiles programs and encodes their calls for one device. */
export class KernelRunner {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #failures: Failures;
  readonly #pipelines = new RecentlyUsed<Compiled>(mostKernels);
  readonly #bound = new WeakMap<KernelCall, BoundCall>();

  constructor(device: GPUDevice, pool: BufferPool, failures: Failures) {
    this.#device = device;
    this.#pool = pool;
    this.#failures = failures;
  }

  compile(spec: KernelSpec, program: Program): CompiledKernel {
    const stages = program.stages.map((stage): CompiledStage => {
      const key = `${stage.entryPoint}|${stage.slots.map(({ writable }) => Number(writable)).join('')}|${stage.code}`;
      const compiled = this.#pipelines.find(key, () => this.#createPipeline(program.label, stage));
      return { stage, compiled, uniform: this.#createUniform(stage) };
    });
    return { spec, program, stages, scratch: program.scratch };
  }

  /** Records calls in order, in as few passes as possible. */
  encode(encoder: GPUCommandEncoder, calls: readonly KernelCall[]): void {
    let pass: GPUComputePassEncoder | undefined;
    for (const call of calls) {
      const { detours, stages } = this.#bind(call);
      if (detours.length > 0) {
        pass?.end();
        pass = undefined;
        for (const { source, sourceOffset, target, size } of detours)
          encoder.copyBufferToBuffer(source, sourceOffset, target, 0, size);
      }
      if (stages.length === 0) continue;
      pass ??= encoder.beginComputePass();
      for (const { compiled, group, workgroups } of stages) {
        // Said at every use: whoever met it first may have been somebody else.
        if (compiled.problem !== undefined) this.#failures.add('prepare', compiled.problem);
        pass.setPipeline(compiled.pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass?.end();
  }

  #createPipeline(label: string, { code, entryPoint, slots, parameters }: Stage): Compiled {
    const device = this.#device;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code, label });
    const entries = slots.map(({ writable }, binding): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: computeStage,
      buffer: { type: writable ? 'storage' : 'read-only-storage' },
    }));
    if (parameters !== undefined)
      entries.push({ binding: slots.length, visibility: computeStage, buffer: { type: 'uniform' } });
    const layout = device.createBindGroupLayout({ entries, label });
    const pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout], label }),
      compute: { module, entryPoint },
      label,
    });
    const compiled: Compiled = { pipeline, layout, problem: undefined };
    const check = device.popErrorScope().then(async (error) => {
      if (error === null) return;
      const details = await compilationErrors(module, code).catch(() => '');
      compiled.problem = `the kernel "${label}" does not compile:\n${details === '' ? describeGpuError(error) : details}`;
      this.#failures.add('prepare', compiled.problem);
    });
    this.#failures.watch(check.catch(() => undefined));
    return compiled;
  }

  #createUniform({ parameters }: Stage): GPUBuffer | undefined {
    if (parameters === undefined) return undefined;
    const buffer = this.#device.createBuffer({ size: 16, usage: bufferUsage.uniform | bufferUsage.copyDestination });
    this.#device.queue.writeBuffer(buffer, 0, new Uint32Array(parameters));
    return buffer;
  }

  #bind(call: KernelCall): BoundCall {
    const known = this.#bound.get(call);
    if (known !== undefined) return known;
    const { program, stages, spec, scratch } = call.kernel as CompiledKernel;
    const needed = spec.bindings.length + scratch.length;
    if (call.ranges.length < needed)
      throw new DeviceError(
        'webgpu run',
        `a call has ${call.ranges.length} ranges for a kernel with ${needed}: pass one for each of its bindings and of its scratch`,
      );
    const slots = call.ranges.map((range) => this.#resource(range));
    const detours = this.#detours(spec, slots);
    const bound: BoundCall = {
      detours,
      stages: stages.map(({ stage, compiled, uniform }) => {
        const entries = stage.slots.map(({ slot }, binding): GPUBindGroupEntry => ({
          binding,
          resource: slots[slot] as GPUBufferBinding,
        }));
        if (uniform !== undefined) entries.push({ binding: entries.length, resource: { buffer: uniform } });
        return {
          compiled,
          group: this.#device.createBindGroup({ layout: compiled.layout, entries, label: program.label }),
          workgroups: stage.workgroups,
        };
      }),
    };
    this.#bound.set(call, bound);
    return bound;
  }

  /** Bindings are whole multiples of 16 bytes, so that they can be seen as vectors; buffers are that long. */
  #resource({ buffer, byteOffset, byteLength }: BufferRange): GPUBufferBinding {
    const { gpu } = this.#pool.own(buffer);
    const size = roundUp(Math.max(byteLength, 16), 16);
    return {
      buffer: gpu,
      offset: Math.min(byteOffset, gpu.size - 16),
      size: Math.min(size, gpu.size - Math.min(byteOffset, gpu.size - 16)),
    };
  }

  /** WebGPU forbids one buffer to be read and written by a dispatch, even in different places: what is read is copied aside. */
  #detours(spec: KernelSpec, resources: GPUBufferBinding[]): Detour[] {
    const written = new Set(
      resources.filter((_, index) => spec.bindings[index]?.access !== 'read').map(({ buffer }) => buffer),
    );
    return resources.flatMap((resource, index) => {
      if (spec.bindings[index]?.access !== 'read' || !written.has(resource.buffer)) return [];
      const size = resource.size ?? 0;
      const target = this.#device.createBuffer({
        size,
        usage: bufferUsage.storage | bufferUsage.copyDestination,
        label: 'copy of an operand',
      });
      resources[index] = { buffer: target, size };
      return [{ source: resource.buffer, sourceOffset: resource.offset ?? 0, target, size }];
    });
  }
}
