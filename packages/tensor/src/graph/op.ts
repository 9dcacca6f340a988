/**
 * What an op is. One entry in one place holds everything particular to it: how its result type follows from its
 * inputs, its meaning, its gradient, and the domain on which tests draw its inputs. Devices, tensor methods,
 * gradient tests and documentation are derived from these entries.
 */
import type { DType } from '../dtype/dtype.ts';
import type { Expression } from '../scalar/expression.ts';
import type { ContractionSpec, ReduceOp } from '../kernel/spec.ts';
import type { Layout, Movement } from '../shape/layout.ts';
import type { Shape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AxisRule } from './axes.ts';
import type { CarriedLengths } from './lengths.ts';
import type { Node } from './node.ts';
import type { KernelPlan } from './kernel-plan.ts';

/** Static parameters of one use of an op; plain JSON, since they are part of plan keys. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a gradient rule sees of one use of an op. */
export interface GradientSite {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** All outputs, for ops with several. */
  readonly outputs: readonly Tensor[];
  /** The gradients of all outputs, where one flows. */
  readonly gradients: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
}

/** Gradients with respect to each input, given the gradient of the output; undefined where none flows. */
export type GradientRule = (gradient: Tensor, site: GradientSite) => readonly (Tensor | undefined)[];

interface OpBase {
  readonly name: string;
  /** Made by a user of this package: its name does not say what it means to another process. */
  readonly ofUser?: true;
  /** Absent where the op is piecewise constant or works on integers: no gradient flows. */
  readonly gradient?: GradientRule;
}

/** Acts on equal indices of inputs of one shape (broadcasting happens before, as `expand` views). */
export interface ElementwiseOp extends OpBase {
  readonly family: 'elementwise';
  readonly arity: number;
  /** The meaning, given arguments in the compute dtypes of the inputs. */
  readonly meaning: (args: readonly Expression[], attributes: Attributes) => Expression;
  /** Sees its argument, and hands on its result, as their dtypes hold them: others may see more digits of a half than it has. */
  readonly exact?: true;
}

/** Folds axes (`attributes.axes`) to size 1. */
export interface ReductionOp extends OpBase {
  readonly family: 'reduction';
  readonly fold: ReduceOp;
}

/** Another view of its input (`attributes.movement`). */
export interface MovementOp extends OpBase {
  readonly family: 'movement';
}

/** Reads its first input at computed places; fuses like an element-wise op otherwise. */
export interface IndexedOp extends OpBase {
  readonly family: 'indexed';
  /** How lengths of inputs pass on. Default: the op does not take them. */
  readonly lengths?: (inputs: readonly Node[], attributes: Attributes) => CarriedLengths;
  /** How axes of the result follow those of the inputs. Default: all are needed whole. */
  readonly axes?: AxisRule;
  readonly emit: (site: IndexedSite) => number;
}

/** What an indexed op builds its loop steps with; numbers are positions of earlier steps. */
export interface IndexedSite {
  readonly node: Node;
  /** The i32 coordinate of the current element along an output axis. */
  readonly coordinate: (axis: number) => number;
  /** The value of another input at the current element, or where `axes` says: output axis for each input axis. */
  readonly value: (input: number, axes?: readonly number[]) => number;
  /** Reads input 0; output axis `axes[d]` walks its axis d (undefined: not walked), displaced along `axis` by the value `index`. */
  readonly gather: (
    terms: readonly { readonly axis: number; readonly index: number }[],
    axes: readonly (number | undefined)[],
  ) => number;
  readonly emit: (expression: Expression, args: readonly number[]) => number;
}

/** Computed by a device kernel of its own. */
export interface KernelOp extends OpBase {
  readonly family: 'kernel';
  /** Which inputs may be strided views; the others are made contiguous first. */
  readonly strided: readonly boolean[] | boolean;
  /** How lengths of inputs pass on. Default: the op does not take them. */
  readonly lengths?: (inputs: readonly Node[], attributes: Attributes) => CarriedLengths;
  /** How axes of the result follow those of the inputs. Default: all are needed whole. */
  readonly axes?: AxisRule;
  /** The result is its first input, of which a part is written: in place, where nobody needs the old value any more. */
  readonly updates?: true;
  readonly plan: (node: Node) => KernelPlan;
  /** Tensor operations that give the same outputs: what a device computes that cannot run the kernels of the plan. */
  readonly decompose?: (inputs: readonly Tensor[], attributes: Attributes) => readonly Tensor[];
  /** Of products: how many numbers are multiplied and added up. Default: 0. */
  readonly multiplyAccumulates?: (node: Node) => number;
  /**
   * For a contraction: its kernel, which binds all inputs in order and then the result. Where a device accepts it with an
   * epilogue, what is done with each element of the result runs inside it; where it does not accept it at all, it runs as the
   * loop that it means.
   */
  readonly contraction?: (node: Node, inputs: readonly Layout[]) => ContractionSpec;
}

/** Values that need no computing: stored data, a constant, the linear index, one output of a kernel. */
export interface SourceOp extends OpBase {
  readonly family: 'source';
  readonly source: 'stored' | 'constant' | 'index' | 'output' | 'placeholder';
}

/** Any op. */
export type Op = ElementwiseOp | ReductionOp | MovementOp | IndexedOp | KernelOp | SourceOp;

/** The result type of a node, before it exists. */
export interface ResultType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The movement of a movement node. */
export function movementOf(node: Node): Movement {
  return node.attributes['movement'] as Movement;
}
