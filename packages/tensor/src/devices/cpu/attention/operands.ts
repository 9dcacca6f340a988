/** Where the operands of a head are. */
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import { dtypes } from '../../../dtype/dtype.ts';
import type { Access, AttentionShape, Binding } from '../../../kernel/spec.ts';
import type { RowSteps } from './turn.ts';

/** An operand, in bytes. */
export interface Operand {
  readonly binding: number;
  readonly offset: number;
  /** By dimension. */
  readonly steps: readonly number[];
}

/** An operand of a spec. */
export function operandOf({ bindings }: AttentionShape, { binding, offset, strides }: Access): Operand {
  const { bytes } = dtypes[(bindings[binding] as Binding).dtype];
  return { binding, offset: offset * bytes, steps: strides.map((stride) => stride * bytes) };
}

/** Its last two dimensions: rows of so many numbers. */
export function rowsOf({ steps }: Operand, size: number): RowSteps {
  return { row: steps.at(-2) as number, column: steps.at(-1) as number, size };
}

/** a + b. */
export function plus(a: Expression, b: Expression | number): Expression {
  return op('i32.add', a, typeof b === 'number' ? i32(b) : b);
}

/** a · b. */
export function times(a: Expression, b: number): Expression {
  return op('i32.mul', a, i32(b));
}

/** `value`, and `most` where it is more. */
export function atMost(f: FunctionBuilder, value: Expression, most: Expression): Local {
  const result = f.let(value);
  f.if(op('i32.gt_s', result, most), () => f.set(result, most));
  return result;
}

/** `value`, and `least` where it is less. */
export function atLeast(f: FunctionBuilder, value: Expression, least: number): Local {
  const result = f.let(value);
  f.if(op('i32.lt_s', result, i32(least)), () => f.set(result, i32(least)));
  return result;
}

/** The addresses of operands, whose bindings are at `addresses`, for head number `head` of a batch. */
export function addressesOf<Name extends string>(
  f: FunctionBuilder,
  operands: Readonly<Record<Name, Operand>>,
  addresses: Readonly<Record<NoInfer<Name>, Local>>,
  batch: readonly number[],
  head: Expression,
): Readonly<Record<Name, Local>> {
  const names = Object.keys(operands) as Name[];
  const found = Object.fromEntries(
    names.map((name) => [name, f.let(plus(addresses[name], operands[name].offset))]),
  ) as Record<Name, Local>;
  const rest = f.let(head);
  for (const [dim, size] of [...batch.entries()].toReversed()) {
    if (size === 1) continue;
    const index = f.let(op('i32.rem_u', rest, i32(size)));
    f.set(rest, op('i32.div_u', rest, i32(size)));
    for (const name of names) {
      const step = operands[name].steps[dim] as number;
      if (step !== 0) f.increase(found[name], times(index, step));
    }
  }
  return found;
}
