/**
 * The lazy graph. A node is one value: what computes it, from which nodes, and, once realized, where it is stored.
 *
 * Nodes count who needs them: tensor handles and nodes that still have to be computed from them. At zero, storage is
 * freed and inputs are let go. A realized node lets go of its inputs at once, unless a gradient may be asked of it.
 */
import type { Device } from '../device/device.ts';
import { dtypes, type DType } from '../dtype/dtype.ts';
import { sizeOf, type Shape } from '../shape/shape.ts';
import type { Op, Attributes } from './op.ts';
import type { Storage } from './storage.ts';

let created = 0;

/** For each axis the length along it, where that is not the size. */
export type Lengths = readonly (Node | undefined)[];

/** Each length of some axes once. */
export function distinctLengths(lengths: Lengths | undefined): ReadonlySet<Node> {
  return lengths ? new Set(lengths.filter((length) => length !== undefined)) : none;
}

const none: ReadonlySet<Node> = new Set();

/** One value of the graph. */
export class Node {
  /** Grows with creation: inputs have smaller ids than what uses them. */
  readonly id: number = ++created;
  readonly op: Op;
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: Device;
  /** For axes of which only the first elements exist: how many, an i32 scalar. The shape has the most there can be. */
  readonly lengths: Lengths | undefined;
  /** Whether gradients are of interest here: a `leaf` wants one, and they `flow` through what is computed from leaves. */
  gradientRole: 'none' | 'leaf' | 'flows';
  /** How many unrealized nodes lie between this one and realized values, at most. */
  readonly depth: number;
  inputs: readonly Node[];
  /** The outputs of a kernel node with several. */
  readonly outputs: Node[] = [];
  storage: Storage | undefined;
  /** Whether this was differentiated: its value will probably be read. */
  watched = false;
  /**
   * Why gradients do not flow although this was computed from what they flow through: they were not tracked at the time,
   * or were taken and the graph let go.
   */
  cut: 'untracked' | 'spent' | undefined;
  /** Live tensor handles on this node. */
  handles = 0;
  #references = 0;

  constructor(
    op: Op,
    inputs: readonly Node[],
    attributes: Attributes,
    shape: Shape,
    dtype: DType,
    device: Device,
    flows = false,
    lengths?: Lengths,
  ) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.shape = shape;
    this.dtype = dtype;
    this.device = device;
    this.gradientRole = flows ? 'flows' : 'none';
    this.lengths = lengths;
    for (const length of distinctLengths(lengths)) length.#references++;
    let depth = 0;
    for (const input of inputs) {
      input.#references++;
      if (!input.storage && input.depth >= depth) depth = input.depth + 1;
      if (input.cut && this.cut !== 'spent') this.cut = input.cut;
    }
    this.depth = depth;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get bytes(): number {
    return this.size * dtypes[this.dtype].bytes;
  }

  /** True once nothing holds this node any more and its memory is gone. */
  get released(): boolean {
    return this.#references < 0;
  }

  /** Whether exactly one handle needs this node and nothing that still has to be computed: its value may be overwritten. */
  get exclusive(): boolean {
    return this.handles === 1 && this.#references === 1;
  }

  retain(): void {
    this.#references++;
  }

  /** Lets go of one reference, and of everything that only this node kept alive. */
  release(): void {
    const pending: Node[] = [this];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (--node.#references > 0 || node.released) continue;
      node.#references = -1;
      node.storage?.free();
      node.storage = undefined;
      pending.push(...node.inputs, ...distinctLengths(node.lengths));
      node.inputs = [];
    }
  }

  /** Records the computed value. */
  realize(storage: Storage): void {
    this.storage = storage;
    if (this.gradientRole !== 'flows') this.dropInputs();
  }

  /** Lets go of what this was computed from. */
  dropInputs(): void {
    const inputs = this.inputs;
    this.inputs = [];
    for (const input of inputs) input.release();
  }
}
