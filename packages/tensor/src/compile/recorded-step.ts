/** One recording of a compiled function: its plan, where the plan's inputs come from, and where its results go. */
import type { Device, DeviceBuffer, KernelCall } from '../device/device.ts';
import { holding } from '../device/residents.ts';
import { ArgumentError } from '../errors.ts';
import { placeholderNode, storedNode } from '../graph/build.ts';
import { withMode, type Scope } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import { copySpec } from '../kernel/copy-spec.ts';
import { viewGraph } from '../lower/graph-view.ts';
import { makePlan, type Plan, type Slot } from '../lower/plan.ts';
import { adopt, rangeOf, realize, smallResultBytes, type SlotBuffers } from '../runtime/realize.ts';
import { forgetAssigned, noteAssigned } from '../runtime/pending-state.ts';
import { listTensors, mapStructure, mapTensors } from '../runtime/structure.ts';
import type { Shape } from '../shape/shape.ts';
import type { DType } from '../dtype/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { handlesCreated } from '../tensor/handle.ts';
import { wrap } from '../tensor/wrap.ts';

/** Where a leaf of the plan finds its value at each replay. */
type LeafSource =
  | { readonly kind: 'argument'; readonly index: number }
  /** A tensor of the surroundings, read (and perhaps updated) at each call. */
  | { readonly kind: 'variable'; readonly tensor: Tensor }
  /** A value made while recording that no tensor outside holds. */
  | { readonly kind: 'fixed'; readonly node: Node }
  | { readonly kind: 'dynamic'; readonly next: () => Uint8Array; readonly bytes: number };

interface ResultType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A recorded step. */
export class RecordedStep<Result> {
  private readonly device: Device;
  private readonly plan: Plan;
  private readonly leaves: readonly LeafSource[];
  /** Rebuilds the function's result from tensors. */
  private readonly assemble: (tensors: readonly Tensor[]) => Result;
  private readonly results: readonly ResultType[];
  /** Variables that were assigned but never read, with the target that replaces them. */
  private readonly replaced: readonly { readonly tensor: Tensor; readonly target: number }[];
  private readonly written: ReadonlySet<number>;
  private readonly temporaries: readonly DeviceBuffer[];
  /** Buffers for host arguments and random keys, by leaf; and for small results, by result. */
  private readonly uploads = new Map<number, DeviceBuffer>();
  private readonly smallResults = new Map<number, DeviceBuffer>();
  private readonly calls: KernelCall[];
  private bound: SlotBuffers = { leaf: [], temporary: [], result: [] };

  private constructor(
    parts: Pick<RecordedStep<Result>, never> & {
      device: Device;
      plan: Plan;
      leaves: readonly LeafSource[];
      assemble: (tensors: readonly Tensor[]) => Result;
      results: readonly ResultType[];
      replaced: readonly { tensor: Tensor; target: number }[];
      written: ReadonlySet<number>;
    },
  ) {
    this.device = parts.device;
    this.plan = parts.plan;
    this.leaves = parts.leaves;
    this.assemble = parts.assemble;
    this.results = parts.results;
    this.replaced = parts.replaced;
    this.written = parts.written;
    this.temporaries = this.plan.temporaries.map((bytes) => this.device.allocate(bytes));
    this.calls = this.plan.steps.map(({ kernel }) => ({ kernel, ranges: [] }));
  }

  /** Runs `fn` on placeholders and compiles what it did. */
  static record<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    args: Args,
    tensors: readonly Tensor[],
  ): RecordedStep<Result> {
    const touched = new Map<Node, Tensor>();
    const assigned = new Map<Tensor, Node>();
    const dynamics = new Map<Node, () => Uint8Array>();
    const scope: Scope = { created: new Set() };
    const before = handlesCreated();
    const isOutside = (tensor: Tensor): boolean => tensor.serial <= before;
    const trace = {
      assign: (tensor: Tensor): void => {
        const node = tensor.boundNode;
        if (!node || !isOutside(tensor) || assigned.has(tensor)) return;
        assigned.set(tensor, node);
        forgetAssigned(tensor);
      },
      dynamic: (node: Node, next: () => Uint8Array): void => void dynamics.set(node, next),
    };
    const touch = (tensor: Tensor): void => {
      const node = tensor.boundNode;
      if (!node || !isOutside(tensor) || assigned.has(tensor)) return;
      // What surrounds the step is read at each call, so it has to be a value and not a recipe for one.
      withMode({ trace: undefined, touched: undefined, scope: undefined }, () => realize([node]));
      touched.set(node, tensor);
    };
    let index = 0;
    const device = tensors[0]?.device;
    try {
      return withMode({ trace, touched: touch, scope }, () => {
        const inputs = mapTensors(args, (tensor) => {
          const node = placeholderNode(index++, tensor.shape, tensor.dtype, tensor.device);
          if (tensor.requiresGrad) node.gradientRole = 'leaf';
          return wrap(node);
        }) as Args;
        const result = fn(...inputs);
        const { tensors: outputs } = listTensors(result);
        const states = [...assigned.keys()];
        const nodes = [...outputs, ...states].map((tensor) => tensor.boundNode as Node);
        const home = device ?? nodes[0]?.device;
        if (!home)
          throw new ArgumentError(
            'compile',
            'the function neither takes, returns nor assigns a tensor; there is nothing to record',
          );
        const view = viewGraph(nodes, true);
        const leafOf = new Map(view.leaves.map(({ node }, leaf) => [node, leaf]));
        const overwrites = nodes.map((_, target) =>
          target < outputs.length
            ? undefined
            : leafOf.get(assigned.get(states[target - outputs.length] as Tensor) as Node),
        );
        const plan = makePlan(view, home, { aliasTargets: false, overwrites });
        const variables = new Map([...touched, ...[...assigned].map(([tensor, node]) => [node, tensor] as const)]);
        const leaves = view.leaves.map(({ node }): LeafSource => {
          if (node.op.name === 'placeholder') return { kind: 'argument', index: node.attributes['slot'] as number };
          const next = dynamics.get(node);
          if (next) return { kind: 'dynamic', next, bytes: node.bytes };
          const tensor = variables.get(node);
          if (tensor) return { kind: 'variable', tensor };
          // A value made while recording stays alive with the recording.
          node.retain();
          return { kind: 'fixed', node };
        });
        let position = 0;
        const holes = mapTensors(result, () => new Hole(position++));
        const step = new RecordedStep<Result>({
          device: home,
          plan,
          leaves,
          assemble: (made) => mapStructure(holes, (leaf) => (leaf instanceof Hole ? made[leaf.index] : leaf)) as Result,
          results: outputs.map(({ shape, dtype }) => ({ shape, dtype })),
          replaced: states.flatMap((tensor, state) =>
            overwrites[outputs.length + state] === undefined ? [{ tensor, target: outputs.length + state }] : [],
          ),
          written: new Set(overwrites.filter((leaf) => leaf !== undefined)),
        });
        return step;
      });
    } finally {
      for (const [tensor, node] of assigned) {
        tensor.rebind(node);
        noteAssigned(tensor, node);
      }
      for (const tensor of scope.created) tensor.dispose();
    }
  }

  /** Runs the plan on these arguments. */
  replay(tensors: readonly Tensor[]): Result {
    return holding([this, tensors], () => this.run(tensors));
  }

  private run(tensors: readonly Tensor[]): Result {
    const leaf = this.leaves.map((source, index) => this.leafBuffer(source, index, tensors));
    const result = this.plan.results.map(({ bytes }, index) => this.resultBuffer(bytes, index));
    this.bind({ leaf, temporary: this.temporaries, result });
    this.device.run(this.calls);
    const storages = new Map<number, Storage>();
    const storageOf = (slot: Slot): Storage => {
      if (slot.kind === 'leaf') return this.copyOfLeaf(slot.index);
      const known = storages.get(slot.index);
      if (known) return known.share();
      const made = this.takeResult(slot.index, result[slot.index] as DeviceBuffer);
      storages.set(slot.index, made);
      return made;
    };
    for (const { tensor, target } of this.replaced) {
      const old = tensor.boundNode as Node;
      const node = storedNode(storageOf(this.plan.targets[target] as Slot), old.shape, old.dtype);
      node.gradientRole = old.gradientRole;
      tensor.rebind(node);
    }
    const made = this.results.map(({ shape, dtype }, target) =>
      wrap(storedNode(storageOf(this.plan.targets[target] as Slot), shape, dtype)),
    );
    return this.assemble(made);
  }

  /** Frees the memory of the recording. */
  dispose(): void {
    for (const buffer of [...this.temporaries, ...this.uploads.values(), ...this.smallResults.values()])
      this.device.free(buffer);
    this.uploads.clear();
    this.smallResults.clear();
    for (const source of this.leaves) if (source.kind === 'fixed') source.node.release();
  }

  private leafBuffer(source: LeafSource, index: number, tensors: readonly Tensor[]): DeviceBuffer {
    switch (source.kind) {
      case 'dynamic':
        return this.upload(index, source.next());
      case 'fixed':
        return (source.node.storage as Storage).moveToDevice();
      case 'variable':
        return this.variableBuffer(source.tensor, this.written.has(index));
      case 'argument': {
        const node = (tensors[source.index] as Tensor).boundNode as Node;
        realize([node]);
        const storage = node.storage as Storage;
        return storage.host ? this.upload(index, storage.host) : storage.moveToDevice();
      }
    }
  }

  /** The buffer of a variable; one that is about to be overwritten must not be anybody else's. */
  private variableBuffer(tensor: Tensor, overwritten: boolean): DeviceBuffer {
    const node = tensor.boundNode as Node;
    realize([node]);
    const storage = node.storage as Storage;
    if (!overwritten || (!storage.shared && node.exclusive)) return storage.moveToDevice();
    const copy = storedNode(copyStorage(storage), node.shape, node.dtype);
    copy.gradientRole = node.gradientRole;
    tensor.rebind(copy);
    return (copy.storage as Storage).moveToDevice();
  }

  private upload(index: number, bytes: Uint8Array): DeviceBuffer {
    let buffer = this.uploads.get(index);
    if (!buffer) this.uploads.set(index, (buffer = this.device.allocate(bytes.byteLength)));
    this.device.write(buffer, 0, bytes);
    return buffer;
  }

  private resultBuffer(bytes: number, index: number): DeviceBuffer {
    if (!this.isSmall(bytes)) return this.device.allocate(bytes);
    let buffer = this.smallResults.get(index);
    if (!buffer) this.smallResults.set(index, (buffer = this.device.allocate(bytes)));
    return buffer;
  }

  private isSmall(bytes: number): boolean {
    return this.device.capabilities.synchronousRead && bytes <= smallResultBytes;
  }

  private takeResult(index: number, buffer: DeviceBuffer): Storage {
    return this.smallResults.has(index)
      ? Storage.host(this.device, this.device.readSync(buffer, 0, buffer.bytes))
      : adopt(this.device, buffer);
  }

  /** A result that is an argument or variable itself: a copy, since the original may change. */
  private copyOfLeaf(index: number): Storage {
    const buffer = this.bound.leaf[index] as DeviceBuffer;
    return copyBuffer(this.device, buffer);
  }

  /** Rebuilds the calls whose buffers changed; unchanged calls stay the same objects, so that devices may cache by them. */
  private bind(next: SlotBuffers): void {
    const same = ({ kind, index }: Slot): boolean => this.bound[kind][index] === next[kind][index];
    for (const [position, { kernel, slots }] of this.plan.steps.entries()) {
      if ((this.calls[position] as KernelCall).ranges.length > 0 && slots.every(same)) continue;
      this.calls[position] = { kernel, ranges: slots.map((slot) => rangeOf(slot, next)) };
    }
    this.bound = next;
  }
}

/** Stands for a tensor of the function's result. */
class Hole {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
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
