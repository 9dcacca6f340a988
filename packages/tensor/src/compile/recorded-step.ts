/** One recording of a compiled function: its plan, where the plan's inputs come from, and where its results go. */
import { registerLeaf } from '../autograd/gradients.ts';
import type { Device, DeviceBuffer, KernelCall } from '../device/device.ts';
import { hold, letGo } from '../device/residents.ts';
import { LifetimeError, OutOfMemoryError } from '../errors.ts';
import { storedNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import { copySpec } from '../kernel/copy-spec.ts';
import type { Plan, PlanBuffer, Slot } from '../lower/plan.ts';
import { adopt, rangeOf, realize, smallResultBytes } from '../runtime/realize.ts';
import { runCalls } from '../runtime/watch.ts';
import type { Shape } from '../shape/shape.ts';
import type { DType } from '../dtype/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';
import type { PlanReport } from './plan-figures.ts';
import { checkCall, tensorOf, type StepChecks, type TensorSource } from './step-checks.ts';
import { StepMemory } from './step-memory.ts';

/** Where a leaf of the plan finds its value at each replay. */
export type LeafSource =
  | TensorSource
  /** A value made while recording that no tensor outside holds. */
  | { readonly kind: 'fixed'; readonly node: Node }
  | { readonly kind: 'dynamic'; readonly next: () => Uint8Array };

interface ResultType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A result, with the results that tell its lengths by axis. */
export interface StepResult extends ResultType {
  readonly lengths: readonly (number | undefined)[] | undefined;
}

/** What a recording consists of. */
export interface StepParts<Result> {
  readonly device: Device;
  readonly plan: Plan;
  readonly leaves: readonly LeafSource[];
  /** Rebuilds the function's result from tensors. */
  readonly assemble: (tensors: readonly Tensor[]) => Result;
  readonly results: readonly StepResult[];
  /** Tensors that were assigned but never read, with the target that replaces them. */
  readonly replaced: readonly { readonly source: TensorSource; readonly target: number }[];
  readonly checks: StepChecks;
  /** Leaves that the plan overwrites. */
  readonly written: ReadonlySet<number>;
  /** The plan in figures. */
  readonly report: PlanReport;
}

/** Names of the buffers of a step in its memory, made once. */
function namesOf(kind: Slot['kind'], list: { readonly length: number }): readonly string[] {
  return Array.from({ length: list.length }, (_, index) => `${kind} ${index}`);
}

/** A recorded step. What a replay makes in JavaScript memory are results, and values for random draws. */
export class RecordedStep<Result> {
  readonly #parts: StepParts<Result>;
  readonly #memory: StepMemory;
  /** The tensors of the surroundings that are read. */
  readonly #captured: ReadonlySet<Tensor>;
  /** Those, and the ones that are only assigned. */
  readonly #surroundings: readonly Tensor[];
  readonly #written: readonly number[];
  readonly #names: Readonly<Record<Slot['kind'], readonly string[]>>;
  readonly #calls: KernelCall[];
  /** What the slots of the plan hold, and whether that is what they held when calls were bound. */
  readonly #buffers: Record<Slot['kind'], DeviceBuffer[]> = { leaf: [], temporary: [], result: [] };
  #isBound = false;

  constructor(parts: StepParts<Result>) {
    this.#parts = parts;
    this.#memory = new StepMemory(parts.device);
    const variables = (sources: readonly LeafSource[]): Tensor[] =>
      sources.flatMap((source) => (source.kind === 'variable' ? source.tensor : []));
    this.#captured = new Set(variables(parts.leaves));
    const assigned = variables(parts.replaced.map(({ source }) => source));
    this.#surroundings = [...new Set([...this.#captured, ...assigned])];
    this.#written = [...parts.written];
    const { plan, leaves } = parts;
    this.#names = {
      leaf: namesOf('leaf', leaves),
      temporary: namesOf('temporary', plan.temporaries),
      result: namesOf('result', plan.results),
    };
    this.#calls = plan.steps.map(({ kernel }) => ({ kernel, ranges: [] }));
  }

  /**
   * Runs the plan on these arguments.
   * @throws {LifetimeError} where a captured tensor is gone.
   * @throws {OutOfMemoryError} and keeps no memory then: the next call may have room.
   */
  replay(tensors: readonly Tensor[]): Result {
    for (let at = 0; at < this.#surroundings.length; at++)
      if ((this.#surroundings[at] as Tensor).isDisposed)
        throw new LifetimeError(
          'compile',
          'a tensor that the step captured was disposed; keep it with keep(), or compile the step anew with another one',
        );
    checkCall(this.#parts.checks, tensors);
    hold(this);
    hold(tensors);
    try {
      return this.#run(tensors);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      this.#memory.release();
      this.#isBound = false;
      throw error.during('compile', 'a buffer of a compiled step');
    } finally {
      letGo();
      letGo();
    }
  }

  #run(tensors: readonly Tensor[]): Result {
    const { device, results, replaced } = this.#parts;
    const retained = this.#takeLeaves(tensors);
    try {
      this.#takeTemporaries();
      this.#takeResults();
      if (!this.#isBound) this.#bind();
      try {
        runCalls(device, this.#calls);
      } catch (error) {
        this.#dropResults(this.#buffers.result.length);
        throw error;
      }
      if (replaced.length === 0 && results.length === 0) return this.#parts.assemble([]);
      return this.#results(tensors);
    } finally {
      if (retained) for (const node of retained) node.release();
    }
  }

  /** Gives replaced tensors their values, and makes the results. */
  #results(tensors: readonly Tensor[]): Result {
    const { plan, results, replaced } = this.#parts;
    const storages = new Map<number, Storage>();
    const takeStorage = (slot: Slot): Storage => {
      if (slot.kind === 'leaf') return this.#copyOfLeaf(slot.index);
      const known = storages.get(slot.index);
      if (known) return known.share();
      const made = this.#takeResult(slot.index);
      storages.set(slot.index, made);
      return made;
    };
    for (const { source, target } of replaced) {
      const tensor = tensorOf(source, tensors);
      const { shape, dtype } = tensor.boundNode as Node;
      rebindValue(tensor, storedNode(takeStorage(plan.targets[target] as Slot), shape, dtype));
    }
    const nodes = new Array<Node | undefined>(results.length).fill(undefined);
    const nodeOf = (target: number): Node => {
      const { shape, dtype, lengths } = results[target] as StepResult;
      const own = lengths?.map((length) => (length === undefined ? undefined : nodeOf(length)));
      return (nodes[target] ??= storedNode(takeStorage(plan.targets[target] as Slot), shape, dtype, own));
    };
    const made = results.map((_, target) => wrap(nodeOf(target)));
    return this.#parts.assemble(made);
  }

  /** What the step was made of. */
  get parts(): StepParts<Result> {
    return this.#parts;
  }

  /** Frees the memory of the recording. */
  dispose(): void {
    this.#memory.release();
    for (const source of this.#parts.leaves) if (source.kind === 'fixed') source.node.release();
  }

  /** Puts a buffer into a slot. */
  #put(kind: Slot['kind'], index: number, buffer: DeviceBuffer): void {
    const buffers = this.#buffers[kind];
    if (buffers[index] === buffer) return;
    buffers[index] = buffer;
    this.#isBound = false;
  }

  /** What is overwritten comes last: by then it is known which memory others read. Returns nodes to be let go of. */
  #takeLeaves(tensors: readonly Tensor[]): Node[] | undefined {
    const { leaves, written } = this.#parts;
    for (let index = 0; index < leaves.length; index++)
      if (!written.has(index)) this.#put('leaf', index, this.#readBuffer(leaves[index] as LeafSource, index, tensors));
    let retained: Node[] | undefined;
    try {
      for (let at = 0; at < this.#written.length; at++) {
        const index = this.#written[at] as number;
        const source = leaves[index] as TensorSource;
        const tensor = tensorOf(source, tensors);
        const node = tensor.boundNode as Node;
        storageOf(tensor);
        // A tensor that is an argument and captured as well is read and written as if it were two.
        if (source.kind === 'argument' ? this.#captured.has(tensor) : tensors.includes(tensor)) {
          node.retain();
          (retained ??= []).push(node);
        }
        this.#put('leaf', index, ownBuffer(tensor));
      }
    } catch (error) {
      if (retained) for (const node of retained) node.release();
      throw error;
    }
    return retained;
  }

  #readBuffer(source: LeafSource, index: number, tensors: readonly Tensor[]): DeviceBuffer {
    const name = this.#names.leaf[index] as string;
    switch (source.kind) {
      case 'dynamic':
        return this.#memory.upload(name, source.next());
      case 'fixed':
        return (source.node.storage as Storage).moveToDevice();
      case 'variable':
        return storageOf(source.tensor).moveToDevice();
      case 'argument': {
        const storage = storageOf(tensors[source.index] as Tensor);
        return storage.host ? this.#memory.upload(name, storage.host) : storage.moveToDevice();
      }
    }
  }

  #takeTemporaries(): void {
    const { temporaries } = this.#parts.plan;
    for (let index = 0; index < temporaries.length; index++) {
      const name = this.#names.temporary[index] as string;
      this.#put('temporary', index, this.#memory.buffer(name, temporaries[index] as number));
    }
  }

  /** Small results of devices that can be read at once are copied from memory of the step; others are given away. */
  #takeResults(): void {
    const { device, plan } = this.#parts;
    for (let index = 0; index < plan.results.length; index++) {
      const { bytes } = plan.results[index] as PlanBuffer;
      const isKept = device.capabilities.synchronousRead && bytes <= smallResultBytes;
      try {
        const name = this.#names.result[index] as string;
        this.#put('result', index, isKept ? this.#memory.buffer(name, bytes) : device.allocate(bytes));
      } catch (error) {
        this.#dropResults(index);
        throw error;
      }
    }
  }

  /** Frees the first results, as far as they are not memory of the step. */
  #dropResults(count: number): void {
    for (let index = 0; index < count; index++)
      if (!this.#memory.has(this.#names.result[index] as string))
        this.#parts.device.free(this.#buffers.result[index] as DeviceBuffer);
  }

  #takeResult(index: number): Storage {
    const { device } = this.#parts;
    const buffer = this.#buffers.result[index] as DeviceBuffer;
    return this.#memory.has(this.#names.result[index] as string)
      ? Storage.host(device, device.readSync(buffer, 0, buffer.bytes))
      : adopt(device, buffer);
  }

  /** A result that is an argument or variable itself: a copy, since the original may change. */
  #copyOfLeaf(index: number): Storage {
    return copyBuffer(this.#parts.device, this.#buffers.leaf[index] as DeviceBuffer);
  }

  /** Rebuilds the calls whose buffers changed; unchanged calls stay the same objects, so that devices may cache by them. */
  #bind(): void {
    const buffers = this.#buffers;
    for (const [position, { kernel, slots }] of this.#parts.plan.steps.entries()) {
      const { ranges } = this.#calls[position] as KernelCall;
      const same = ({ kind, index }: Slot, at: number): boolean => ranges[at]?.buffer === buffers[kind][index];
      if (ranges.length === 0 || !slots.every(same))
        this.#calls[position] = { kernel, ranges: slots.map((slot) => rangeOf(slot, buffers)) };
    }
    this.#isBound = true;
  }
}

function storageOf(tensor: Tensor): Storage {
  const node = tensor.boundNode as Node;
  if (!node.storage) realize([node]);
  return node.storage as Storage;
}

/** The buffer of a tensor that is about to be overwritten: it must not be anybody else's. */
function ownBuffer(tensor: Tensor): DeviceBuffer {
  const node = tensor.boundNode as Node;
  const storage = node.storage as Storage;
  if (!storage.shared && node.exclusive) return storage.moveToDevice();
  const copy = copyStorage(storage);
  rebindValue(tensor, storedNode(copy, node.shape, node.dtype));
  return copy.moveToDevice();
}

/** Puts another stored value behind a handle, which goes on to be what it was for gradients. */
export function rebindValue(tensor: Tensor, node: Node): void {
  node.gradientRole = (tensor.boundNode as Node).gradientRole === 'leaf' ? 'leaf' : 'none';
  tensor.rebind(node);
  if (node.gradientRole === 'leaf') registerLeaf(tensor);
}

function copyStorage(storage: Storage): Storage {
  return storage.host
    ? Storage.host(storage.device, new Uint8Array(storage.host))
    : copyBuffer(storage.device, storage.moveToDevice());
}

function copyBuffer(device: Device, buffer: DeviceBuffer): Storage {
  const copy = device.allocate(buffer.bytes);
  const words = Math.ceil(buffer.bytes / 4);
  const kernel = device.prepare(copySpec('u32', words));
  const range = (of: DeviceBuffer): KernelCall['ranges'][number] => ({
    buffer: of,
    byteOffset: 0,
    byteLength: words * 4,
  });
  runCalls(device, [{ kernel, ranges: [range(buffer), range(copy)] }]);
  return Storage.resident(device, copy);
}
