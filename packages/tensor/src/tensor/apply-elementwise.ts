/** Element-wise ops on tensors and numbers. */
import { elementwiseEntry } from '../ops/elementwise/entries.ts';
import type { Attributes } from '../graph/op.ts';
import { compare, isComparison } from './compare.ts';
import { operandNodes } from './operands.ts';
import type { Tensor } from './tensor.ts';
import { applyToNodes, type TensorLike } from './wrap.ts';

/**
 * Applies an entry of the element-wise table, with promotion and broadcasting. At least one operand is a tensor.
 * @throws {ArgumentError} for a number that the dtype beside it cannot hold.
 * @throws {ShapeError} where the shapes do not broadcast.
 */
export function applyElementwise(name: string, operands: readonly TensorLike[], attributes: Attributes = {}): Tensor {
  if (isComparison(name)) return compare(name, operands);
  const rule = elementwiseEntry(name).argumentRule;
  return applyToNodes(name, operandNodes(name, operands, rule), attributes);
}
