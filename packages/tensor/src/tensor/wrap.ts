/** Makes tensors from nodes, and applies element-wise ops to nodes; separate from the class so that its layers can be. */
import { check } from '../arguments/rules.ts';
import { aDType, aTensor } from '../arguments/types.ts';
import { dtypes, type DType } from '../dtype/dtype.ts';
import { promote } from '../dtype/promote.ts';
import { elementwiseNode, movementNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import { argumentDType, type ElementwiseEntry } from '../ops/elementwise/define.ts';
import { elementwiseEntry } from '../ops/elementwise/entries.ts';
import { castOp } from '../ops/elementwise/conversion.ts';
import { movementOps } from '../ops/movement.ts';
import type { Attributes } from '../graph/op.ts';
import { broadcastShapes, type Shape } from '../shape/shape.ts';
import type { Tensor } from './tensor.ts';

/** A tensor, or a number that adopts the dtype and device of the tensor beside it. */
export type TensorLike = Tensor | number | boolean;

let construct: ((node: Node) => Tensor) | undefined;

/** Called once by the `Tensor` class. */
export function setTensorConstructor(make: (node: Node) => Tensor): void {
  construct = make;
}

/** A tensor on a node. */
export function wrap(node: Node): Tensor {
  return (construct as (node: Node) => Tensor)(node);
}

/** A node in another dtype; itself if it has that dtype. */
export function castNode(node: Node, dtype: DType): Node {
  return node.dtype === dtype ? node : elementwiseNode(castOp, [node], { dtype }, dtype);
}

/**
 * A tensor in another dtype; itself if it has that dtype. A second handle, which `cast` gives, would keep its memory until
 * a garbage collection however soon the first is disposed.
 */
export function inDType(tensor: Tensor, dtype: DType): Tensor {
  check('inDType', 'tensor', tensor, aTensor);
  check('inDType', 'dtype', dtype, aDType);
  return tensor.dtype === dtype ? tensor : tensor.cast(dtype);
}

/** A node repeated to a shape it broadcasts to. */
export function expandNode(node: Node, shape: Shape): Node {
  return movementNode(movementOps.expand, node, { kind: 'expand', shape });
}

/** A reshape that says which axis each axis of the result was: where sizes of 1 leave it open, lengths have to know. */
export function reshapeFrom(node: Node, shape: Shape, from: readonly (number | undefined)[]): Tensor {
  return wrap(movementNode(movementOps.reshape, node, { kind: 'reshape', shape, ...(node.lengths && { from }) }));
}

/** Applies an entry of the element-wise table to nodes. */
export function applyToNodes(name: string, nodes: readonly Node[], attributes: Attributes = {}): Tensor {
  return applyEntry(name, elementwiseEntry(name), nodes, attributes);
}

/** Applies an element-wise op, whoever defined it, to nodes. */
export function applyEntry(
  name: string,
  { op, argumentRule, result }: ElementwiseEntry,
  nodes: readonly Node[],
  attributes: Attributes,
): Tensor {
  const promoted = nodes.map((node) => node.dtype).reduce((a, b) => promote(a, b, name));
  const dtype = argumentDType(name, argumentRule, promoted);
  const shape = broadcastShapes(name, ...nodes.map((node) => node.shape));
  const inputs = nodes.map((node) => expandNode(castNode(node, dtype), shape));
  return wrap(elementwiseNode(op, inputs, attributes, result === 'bool' ? 'bool' : dtype));
}

/** The dtype that sums of a dtype are accumulated and returned in: small integers and bool widen to 32 bits. */
export function accumulationDType(dtype: DType): DType {
  const { kind, bytes } = dtypes[dtype];
  if (kind === 'float' || bytes === 4) return dtype;
  return kind === 'unsigned' ? 'u32' : 'i32';
}
