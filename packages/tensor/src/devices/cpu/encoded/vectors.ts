/** What kernels of encoded matrices share: walking a row, and adding up what lanes hold. */
import { i32, op, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** Code for `count` elements: four at a time, and then the rest. */
export function forEachFour(
  f: FunctionBuilder,
  count: Local,
  { four, one }: Readonly<Record<'four' | 'one', () => void>>,
): void {
  f.repeat(op('i32.shr_u', count, i32(2)), four);
  f.repeat(op('i32.and', count, i32(3)), one);
}
