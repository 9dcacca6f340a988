/** Recording: runs a function on placeholders and notes what it reads, what it assigns and what it returns. */
import { ArgumentError } from '../errors.ts';
import { detachedNode, placeholderNode, storedNode } from '../graph/build.ts';
import { withMode, type IndexBounds, type Scope, type SumLimit } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import type { Storage } from '../graph/storage.ts';
import { viewGraph } from '../lower/graph-view.ts';
import { movementOps } from '../ops/movement.ts';
import { clock } from '../runtime/clock.ts';
import { forgetAssigned, noteAssigned } from '../runtime/pending-state.ts';
import { knownScalar } from '../runtime/index-checks.ts';
import { realize } from '../runtime/realize.ts';
import { mapStructure, mapTensors } from '../runtime/structure.ts';
import { planned } from '../runtime/plans.ts';
import { handlesCreated } from '../tensor/handle.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { wrap } from '../tensor/wrap.ts';
import { reportOf } from './plan-figures.ts';
import { rebindValue, RecordedStep, type LeafSource } from './recorded-step.ts';
import type { IndexCheck, SumCheck, TensorSource } from './step-checks.ts';

/** Stands for a tensor of the function's result. */
class Hole {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** What a recording has seen so far. */
class Recorder {
  /** Tensors of the surroundings that were read or assigned, by the node that they had before. */
  readonly variables = new Map<Node, Tensor>();
  /** Tensors that were given new values, with the node they had before. */
  readonly assigned = new Map<Tensor, Node>();
  readonly dynamics = new Map<Node, () => Uint8Array>();
  /** The tensors that stand for arguments, with their numbers. */
  readonly inputs = new Map<Tensor, number>();
  readonly #before = handlesCreated();

  /** What each call tells, or the surroundings, whose elements are indices. */
  readonly indices: IndexCheck[] = [];

  readonly bound = (node: Node, bounds: IndexBounds): void => {
    const source = this.#told(node);
    if (source) this.indices.push({ source, bounds });
  };

  /** Sums of scalars of which some are told by each call. */
  readonly sums: SumCheck[] = [];

  readonly sum = (terms: readonly Node[], { most, wrong }: SumLimit): void => {
    const sources = terms.map((term) => this.#told(term) ?? knownScalar(term));
    if (sources.every((source) => source !== undefined) && sources.some((source) => typeof source !== 'number'))
      this.sums.push({ terms: sources, most, wrong });
  };

  readonly dynamic = (node: Node, next: () => Uint8Array): void => void this.dynamics.set(node, next);

  readonly assign = (tensor: Tensor): void => {
    const isOutside = this.#isOutside(tensor);
    if (this.assigned.has(tensor) || !(isOutside || this.inputs.has(tensor))) return;
    if (isOutside) this.#keep(tensor);
    const node = tensor.boundNode as Node;
    // Nothing else may hold the old value until the tensor gets it back.
    node.retain();
    this.assigned.set(tensor, node);
    forgetAssigned(tensor);
  };

  readonly touch = (tensor: Tensor): void => {
    const node = tensor.boundNode;
    if (!node || !this.#isOutside(tensor) || this.assigned.has(tensor) || this.variables.get(node) === tensor) return;
    // What surrounds the step is read at each call, so it has to be a value and not a recipe for one.
    outside(() => realize([node]));
    this.#keep(tensor);
  };

  /** Where a tensor is found at each call. */
  sourceOf(tensor: Tensor): TensorSource {
    const index = this.inputs.get(tensor);
    return index === undefined ? { kind: 'variable', tensor } : { kind: 'argument', index };
  }

  /** Gives back to tensors of the surroundings the values that they had. */
  restore(): void {
    for (const [tensor, node] of this.assigned) {
      if (!this.inputs.has(tensor)) {
        tensor.rebind(node);
        noteAssigned(tensor, node);
      }
      node.release();
    }
  }

  /** Where a node finds its value at each call, if that is an argument or a tensor of the surroundings. */
  #told(node: Node): TensorSource | undefined {
    if (node.op.name === 'placeholder') return { kind: 'argument', index: node.attributes['slot'] as number };
    const tensor = this.variables.get(node);
    return tensor && this.sourceOf(tensor);
  }

  #isOutside(tensor: Tensor): boolean {
    return tensor.serial <= this.#before;
  }

  /** Two tensors may share a value now and not at a later call: the second gets a node of its own over the same memory. */
  #keep(tensor: Tensor): void {
    const node = tensor.boundNode as Node;
    if ((this.variables.get(node) ?? tensor) !== tensor && node.gradientRole !== 'flows') {
      outside(() => realize([node]));
      rebindValue(tensor, storedNode((node.storage as Storage).share(), node.shape, node.dtype));
    }
    this.variables.set(tensor.boundNode as Node, tensor);
  }
}

const outside = (body: () => void): void => withMode({ trace: undefined, touched: undefined, scope: undefined }, body);

const compiling = { operation: 'compile', place: 'a compiled function' };

/** Runs `fn` on placeholders for `tensors`, the tensors among its arguments, and compiles what it did. */
export function record<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  args: Args,
  tensors: readonly Tensor[],
): RecordedStep<Result> {
  const recorder = new Recorder();
  const { assign, bound, dynamic, sum, touch } = recorder;
  const scope: Scope = { created: new Set() };
  try {
    return withMode(
      { trace: { ...compiling, isDry: false, assign, bound, sum, dynamic }, touched: touch, scope, keys: undefined },
      () => {
        const placeholders = placeholdersOf(tensors);
        const inputs = mapTensors(args, (tensor) => {
          const input = placeholders.get(tensor) as Tensor;
          recorder.inputs.set(input, tensors.indexOf(tensor));
          return input;
        }) as Args;
        const start = clock.now();
        const result = fn(...inputs);
        return compiled(recorder, result, tensors, clock.now() - start);
      },
    );
  } finally {
    recorder.restore();
    for (const tensor of scope.created) tensor.dispose();
  }
}

/** What stands for arguments and their lengths, which are among `tensors` too. */
function placeholdersOf(tensors: readonly Tensor[]): ReadonlyMap<Tensor, Tensor> {
  const nodes = new Map<Node, Node>();
  const placeholders = new Map<Tensor, Tensor>();
  const place = (tensor: Tensor, slot: number): void => {
    const { shape, dtype, device, requiresGrad, boundNode } = tensor;
    const lengths = boundNode?.lengths?.map((length) => length && nodes.get(length));
    const node = placeholderNode(slot, shape, dtype, device, lengths);
    if (requiresGrad) node.gradientRole = 'leaf';
    if (!nodes.has(boundNode as Node)) nodes.set(boundNode as Node, node);
    placeholders.set(tensor, wrap(node));
  };
  // Lengths have none themselves.
  const isBounded = ({ boundNode }: Tensor): boolean => boundNode?.lengths !== undefined;
  for (const [slot, tensor] of tensors.entries()) if (!isBounded(tensor)) place(tensor, slot);
  for (const [slot, tensor] of tensors.entries()) if (isBounded(tensor)) place(tensor, slot);
  return placeholders;
}

/** A node that the plan computes by copying another; it goes with the recording's scope. */
const copied = (node: Node): Node => wrap(detachedNode(movementOps.reshape, node)).node;

/** The step of a function that has run: its plan, and what its leaves and results are. */
function compiled<Result>(
  recorder: Recorder,
  result: Result,
  tensors: readonly Tensor[],
  recordingTime: number,
): RecordedStep<Result> {
  const { assigned, dynamics, variables } = recorder;
  const outputs: Tensor[] = [];
  const holes = mapTensors(result, (tensor) => {
    // One of the surroundings may be given back without having been used.
    recorder.touch(tensor);
    return new Hole(outputs.push(tensor) - 1);
  });
  const returned = outputs.length;
  const hidden = new Map<Node, number>();
  // What a result's lengths were in a call is told by that call.
  const lengthsOf = ({ boundNode }: Tensor): readonly (number | undefined)[] | undefined =>
    boundNode?.lengths?.map((length) => {
      if (!length) return undefined;
      const known = hidden.get(length) ?? outputs.push(wrap(length)) - 1;
      hidden.set(length, known);
      return known;
    });
  const lengths = outputs.slice(0, returned).map(lengthsOf);
  const states = [...assigned.keys()];
  const overwritten = new Set(assigned.values());
  // Memory of a state holds its new value when the step has run: whoever is given the old one gets a copy made before.
  const nodes = [...outputs, ...states].map((tensor) => {
    const node = tensor.boundNode as Node;
    return overwritten.has(node) && assigned.get(tensor) !== node ? copied(node) : node;
  });
  const device = tensors[0]?.device ?? nodes[0]?.device;
  if (!device)
    throw new ArgumentError(
      'compile',
      'the function neither takes, returns nor assigns a tensor; there is nothing to record',
    );
  const start = clock.now();
  const view = viewGraph(nodes, true);
  const leafOf = new Map(view.leaves.map(({ node }, leaf) => [node, leaf]));
  const overwrites = nodes.map((_, target) =>
    target < outputs.length ? undefined : leafOf.get(assigned.get(states[target - outputs.length] as Tensor) as Node),
  );
  const plan = planned(view, device, { aliasTargets: false, overwrites });
  const planningTime = clock.now() - start;
  const leaves = view.leaves.map(({ node }): LeafSource => {
    if (node.op.name === 'placeholder') return { kind: 'argument', index: node.attributes['slot'] as number };
    const next = dynamics.get(node);
    if (next) return { kind: 'dynamic', next };
    const tensor = variables.get(node);
    if (tensor) return recorder.sourceOf(tensor);
    // A value made while recording stays alive with the recording.
    node.retain();
    return { kind: 'fixed', node };
  });
  return new RecordedStep<Result>({
    device,
    plan,
    leaves,
    assemble:
      typeof holes !== 'object' || holes === null
        ? () => holes as Result
        : (made) => mapStructure(holes, (leaf) => (leaf instanceof Hole ? made[leaf.index] : leaf)) as Result,
    results: outputs.map(({ shape, dtype }, output) => ({ shape, dtype, lengths: lengths[output] })),
    replaced: states.flatMap((tensor, state) =>
      overwrites[outputs.length + state] === undefined
        ? [{ source: recorder.sourceOf(tensor), target: outputs.length + state }]
        : [],
    ),
    checks: {
      indices: recorder.indices,
      sums: recorder.sums,
      assigned: states.map((tensor) => recorder.sourceOf(tensor)),
    },
    written: new Set(overwrites.filter((leaf) => leaf !== undefined)),
    report: reportOf(plan, { recordingTime, planningTime }),
  });
}
