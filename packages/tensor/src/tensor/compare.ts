/**
 * Comparisons as mathematics has them: what is beside a tensor may be a number its dtype cannot hold, or a tensor of the
 * other signedness. What a conversion would change is expressed by a comparison that needs none.
 */
import { dtypes, type DType } from '../dtype/dtype.ts';
import { constantNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import { operandNodes } from './operands.ts';
import type { Tensor } from './tensor.ts';
import { applyToNodes, castNode, expandNode, wrap, type TensorLike } from './wrap.ts';

type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** The same question with both sides exchanged. */
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  le: 'ge',
  gt: 'lt',
  ge: 'le',
};

/** Whether an element-wise op is a comparison. */
export function isComparison(name: string): name is Comparison {
  return Object.hasOwn(mirrored, name);
}

/** Compares two tensors, or a tensor and a number. */
export function compare(name: Comparison, operands: readonly TensorLike[]): Tensor {
  const [a, b] = operands as readonly [TensorLike, TensorLike];
  if (typeof a === 'object' && (typeof b === 'number' || typeof b === 'boolean'))
    return withNumber(name, operandNodes(name, [a])[0] as Node, Number(b));
  const [first, second] = operandNodes(name, operands) as readonly [Node, Node];
  if (isMixed(first.dtype, second.dtype)) return unsignedWithSigned(name, first, second);
  if (isMixed(second.dtype, first.dtype)) return unsignedWithSigned(mirrored[name], second, first);
  return applyToNodes(name, [first, second]);
}

/** No integer dtype holds both u32 and a signed one. */
function isMixed(unsigned: DType, signed: DType): boolean {
  return unsigned === 'u32' && dtypes[signed].kind === 'signed';
}

/** A negative number is below every unsigned one; the others compare as u32. */
function unsignedWithSigned(name: Comparison, unsigned: Node, signed: Node): Tensor {
  const negative = withNumber('lt', signed, 0);
  const others = applyToNodes(name, [unsigned, castNode(signed, 'u32')]);
  return name === 'eq' || name === 'lt' || name === 'le'
    ? others.logicalAnd(negative.logicalNot())
    : others.logicalOr(negative);
}

function withNumber(name: Comparison, node: Node, value: number): Tensor {
  const question =
    dtypes[node.dtype].kind === 'float' ? amongFloats(name, value, node.dtype) : amongIntegers(name, value, node.dtype);
  if (typeof question === 'boolean')
    return wrap(expandNode(constantNode(question ? 1 : 0, 'bool', node.device), node.shape));
  return applyToNodes(question.name, [node, constantNode(question.value, node.dtype, node.device)]);
}

/** A comparison with a number the dtype holds, or its answer where that is the same for every element. */
type Question = boolean | { readonly name: Comparison; readonly value: number };

function amongIntegers(name: Comparison, value: number, dtype: DType): Question {
  const { min, max } = dtypes[dtype];
  if (Number.isNaN(value)) return name === 'ne';
  if (value > max) return name === 'ne' || name === 'lt' || name === 'le';
  if (value < min) return name === 'ne' || name === 'gt' || name === 'ge';
  if (Number.isInteger(value)) return { name, value };
  // Between two integers: whole numbers are below it if they are at most the lower one.
  if (name === 'lt' || name === 'le') return { name: 'le', value: Math.floor(value) };
  if (name === 'gt' || name === 'ge') return { name: 'ge', value: Math.ceil(value) };
  return name === 'ne';
}

/** A finite number that would round to infinity lies between the largest element and infinity. */
function amongFloats(name: Comparison, value: number, dtype: DType): Question {
  const rounded = dtypes[dtype].round(value);
  if (!Number.isFinite(value) || Number.isFinite(rounded)) return { name, value };
  if (name === 'eq' || name === 'ne') return name === 'ne';
  const below = name === 'lt' || name === 'le';
  return { name: value > 0 ? (below ? 'lt' : 'ge') : below ? 'le' : 'gt', value: rounded };
}
