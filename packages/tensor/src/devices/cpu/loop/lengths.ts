/** How far dimensions go that end where a tensor says, in a run. */
import type { Limit } from '../../../kernel/spec.ts';
import { i32, memoryOp, op, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** Reads a length, clamped to what there is memory for. */
export function readLength(f: FunctionBuilder, address: Local, { offset }: Limit, size: number): Local {
  const length = f.let(memoryOp('i32.load', offset * 4, [address]));
  f.if(op('i32.lt_s', length, i32(0)), () => f.set(length, i32(0)));
  f.if(op('i32.gt_s', length, i32(size)), () => f.set(length, i32(size)));
  return length;
}
