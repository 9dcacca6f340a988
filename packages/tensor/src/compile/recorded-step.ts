/** One recording of a compiled function: its plan, where the plan's inputs come from, and where its results go. */
import { registerLeaf } from '../autograd/gradients.ts';
import type { Device, DeviceBuffer, KernelCall } from '../device/device.ts';
import { holding } from '../device/residents.ts';
import { LifetimeError, OutOfMemoryError } from '../errors.ts';
import { storedNode } from '../graph/build.ts';
import type { IndexBounds, SumLimit } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import { copySpec } from '../kernel/copy-spec.ts';
import type { Plan, Slot } from '../lower/plan.ts';
import { checkIndexNode, checkNumbers, knownScalar } from '../runtime/index-checks.ts';
import { adopt, rangeOf, realize, smallResultBytes, type SlotBuffers } from '../runtime/realize.ts';
import type { Shape } from '../shape/shape.ts';
import type { DType } from '../dtype/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';
import { StepMemory } from './step-memory.ts';

/** Where a tensor is found at each call. */
export type TensorSource =
  | { readonly kind: 'argument'; readonly index: number }
  /** A tensor of the surroundings, read (and perhaps updated) at each call. */
  | { readonly kind: 'variable'; readonly tensor: Tensor };

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

/** A tensor whose elements are indices, which are checked at each call. */
export interface IndexCheck {
  readonly source: TensorSource;
  readonly bounds: IndexBounds;
}

/** Numbers and scalars that must not add up to too much. */
export interface SumCheck extends SumLimit {
  readonly terms: readonly (number | TensorSource)[];
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
  readonly indices: readonly IndexCheck[];
  readonly sums: readonly SumCheck[];
  /** Leaves that the plan overwrites. */
  readonly written: ReadonlySet<number>;
}

/** A recorded step. */
export class RecordedStep<Result> {
  readonly #parts: StepParts<Result>;
  readonly #memory: StepMemory;
  /** The tensors of the surroundings that are read. */
  readonly #captured: ReadonlySet<Tensor>;
  /** Those, and the ones that are only assigned. */
  readonly #surroundings: ReadonlySet<Tensor>;
  readonly #calls: KernelCall[];
  #bound: SlotBuffers = { leaf: [], temporary: [], result: [] };

  constructor(parts: StepParts<Result>) {
    this.#parts = parts;
    this.#memory = new StepMemory(parts.device);
    const variables = (sources: readonly LeafSource[]): Tensor[] =>
      sources.flatMap((source) => (source.kind === 'variable' ? source.tensor : []));
    this.#captured = new Set(variables(parts.leaves));
    this.#surroundings = new Set([...this.#captured, ...variables(parts.replaced.map(({ source }) => source))]);
    this.#calls = parts.plan.steps.map(({ kernel }) => ({ kernel, ranges: [] }));
  }

  /**
   * Runs the plan on these arguments.
   * @throws {LifetimeError} where a captured tensor is gone.
   * @throws {OutOfMemoryError} and keeps no memory then: the next call may have room.
   */
  replay(tensors: readonly Tensor[]): Result {
    for (const tensor of this.#surroundings)
      if (tensor.isDisposed)
        throw new LifetimeError(
          'compile',
          'a tensor that the step captured was disposed; keep it with keep(), or compile the step anew with another one',
        );
    for (const { source, bounds } of this.#parts.indices) {
      const { boundNode } = tensorOf(source, tensors);
      if (boundNode) checkIndexNode(boundNode, bounds);
    }
    for (const sum of this.#parts.sums) checkTerms(sum, tensors);
    const retained: Node[] = [];
    try {
      return holding([this, tensors], () => this.#run(tensors, retained));
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      this.#memory.release();
      this.#bound = { leaf: [], temporary: [], result: [] };
      throw error.during('compile', 'a buffer of a compiled step');
    } finally {
      for (const node of retained) node.release();
    }
  }

  #run(tensors: readonly Tensor[], retained: Node[]): Result {
    const { plan, device, results, replaced } = this.#parts;
    const leaf = this.#leafBuffers(tensors, retained);
    const temporary = plan.temporaries.map((bytes, index) => this.#memory.buffer(`temporary ${index}`, bytes));
    const result: DeviceBuffer[] = [];
    try {
      for (const [index, { bytes }] of plan.results.entries()) result.push(this.#resultBuffer(bytes, index));
      this.#bind({ leaf, temporary, result });
      device.run(this.#calls);
    } catch (error) {
      for (const [index, buffer] of result.entries()) if (!this.#memory.has(`result ${index}`)) device.free(buffer);
      throw error;
    }
    const storages = new Map<number, Storage>();
    const takeStorage = (slot: Slot): Storage => {
      if (slot.kind === 'leaf') return this.#copyOfLeaf(slot.index);
      const known = storages.get(slot.index);
      if (known) return known.share();
      const made = this.#takeResult(slot.index, result[slot.index] as DeviceBuffer);
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

  /** What is overwritten comes last: by then it is known which memory others read. */
  #leafBuffers(tensors: readonly Tensor[], retained: Node[]): DeviceBuffer[] {
    const { leaves, written } = this.#parts;
    const buffers = leaves.map((source, index) =>
      written.has(index) ? undefined : this.#readBuffer(source, index, tensors),
    );
    for (const index of written) {
      const source = leaves[index] as TensorSource;
      const tensor = tensorOf(source, tensors);
      const node = tensor.boundNode as Node;
      storageOf(tensor);
      // A tensor that is an argument and captured as well is read and written as if it were two.
      if (source.kind === 'argument' ? this.#captured.has(tensor) : tensors.includes(tensor)) {
        node.retain();
        retained.push(node);
      }
      buffers[index] = ownBuffer(tensor);
    }
    return buffers as DeviceBuffer[];
  }

  #readBuffer(source: LeafSource, index: number, tensors: readonly Tensor[]): DeviceBuffer {
    switch (source.kind) {
      case 'dynamic':
        return this.#memory.upload(`leaf ${index}`, source.next());
      case 'fixed':
        return (source.node.storage as Storage).moveToDevice();
      case 'variable':
        return storageOf(source.tensor).moveToDevice();
      case 'argument': {
        const storage = storageOf(tensors[source.index] as Tensor);
        return storage.host ? this.#memory.upload(`leaf ${index}`, storage.host) : storage.moveToDevice();
      }
    }
  }

  #resultBuffer(bytes: number, index: number): DeviceBuffer {
    const { device } = this.#parts;
    return device.capabilities.synchronousRead && bytes <= smallResultBytes
      ? this.#memory.buffer(`result ${index}`, bytes)
      : device.allocate(bytes);
  }

  #takeResult(index: number, buffer: DeviceBuffer): Storage {
    const { device } = this.#parts;
    return this.#memory.has(`result ${index}`)
      ? Storage.host(device, device.readSync(buffer, 0, buffer.bytes))
      : adopt(device, buffer);
  }

  /** A result that is an argument or variable itself: a copy, since the original may change. */
  #copyOfLeaf(index: number): Storage {
    const buffer = this.#bound.leaf[index] as DeviceBuffer;
    return copyBuffer(this.#parts.device, buffer);
  }

  /** Rebuilds the calls whose buffers changed; unchanged calls stay the same objects, so that devices may cache by them. */
  #bind(next: SlotBuffers): void {
    if (sameBuffers(this.#bound, next)) return;
    const same = ({ kind, index }: Slot): boolean => this.#bound[kind][index] === next[kind][index];
    for (const [position, { kernel, slots }] of this.#parts.plan.steps.entries()) {
      if ((this.#calls[position] as KernelCall).ranges.length > 0 && slots.every(same)) continue;
      this.#calls[position] = { kernel, ranges: slots.map((slot) => rangeOf(slot, next)) };
    }
    this.#bound = next;
  }
}

/** Looks at a sum whose terms are all known at this call. */
function checkTerms(sum: SumCheck, tensors: readonly Tensor[]): void {
  const values: number[] = [];
  for (const term of sum.terms) {
    const node = typeof term === 'number' ? undefined : tensorOf(term, tensors).boundNode;
    const value = typeof term === 'number' ? term : node && knownScalar(node);
    if (value === undefined) return;
    values.push(value);
  }
  checkNumbers(values, sum);
}

/** Whether all slots hold what they held. */
function sameBuffers(a: SlotBuffers, b: SlotBuffers): boolean {
  const same = (those: readonly DeviceBuffer[], these: readonly DeviceBuffer[]): boolean =>
    those.length === these.length && those.every((buffer, index) => buffer === these[index]);
  return same(a.leaf, b.leaf) && same(a.temporary, b.temporary) && same(a.result, b.result);
}

function tensorOf(source: TensorSource, tensors: readonly Tensor[]): Tensor {
  return source.kind === 'argument' ? (tensors[source.index] as Tensor) : source.tensor;
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
  device.run([{ kernel, ranges: [range(buffer), range(copy)] }]);
  return Storage.resident(device, copy);
}
