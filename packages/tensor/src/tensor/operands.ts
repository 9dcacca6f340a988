/** Operands of element-wise ops: numbers become constants beside the tensor they meet. */
import { checkHolds } from '../arguments/numbers.ts';
import { check } from '../arguments/rules.ts';
import { aTensorLike } from '../arguments/types.ts';
import { dtypes } from '../dtype/dtype.ts';
import { constantNode } from '../graph/build.ts';
import type { Node } from '../graph/node.ts';
import type { ArgumentRule } from '../ops/elementwise/define.ts';
import type { Tensor } from './tensor.ts';
import type { TensorLike } from './wrap.ts';

const names = ['a', 'b', 'c'] as const;

/**
 * The nodes of operands, of which at least one is a tensor.
 * @throws {ArgumentError} for what is neither tensor nor number.
 */
export function operandNodes(
  operation: string,
  operands: readonly TensorLike[],
  rule: ArgumentRule = 'promote',
): readonly Node[] {
  for (const [index, operand] of operands.entries()) check(operation, names[index] ?? 'operand', operand, aTensorLike);
  const beside = (operands.find((operand) => typeof operand === 'object') as Tensor).node;
  return operands.map((operand) =>
    typeof operand === 'object' ? operand.node : numberBeside(operation, operand, beside, rule),
  );
}

/**
 * A number beside a tensor, by NumPy 2's rules: it takes the tensor's dtype; beside integers a fraction is f32, and an
 * integer that the dtype cannot hold is refused. Where an op makes floats of integers anyway, the number is one at once.
 */
function numberBeside(operation: string, operand: number | boolean, beside: Node, rule: ArgumentRule): Node {
  const { device, dtype } = beside;
  const value = Number(operand);
  if (dtypes[dtype].kind === 'float') return constantNode(value, dtype, device);
  if (rule === 'logical') return constantNode(value === 0 ? 0 : 1, 'bool', device);
  if (rule === 'float' || !Number.isInteger(value)) return constantNode(value, 'f32', device);
  if (dtype === 'bool' && typeof operand === 'boolean') return constantNode(value, 'bool', device);
  const own = dtype === 'bool' ? 'i32' : dtype;
  checkHolds(operation, value, own);
  return constantNode(value, own, device);
}
