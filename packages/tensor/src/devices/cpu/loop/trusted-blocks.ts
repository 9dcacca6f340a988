/** Loops that take numbers of f16 on trust (`halves.ts`), a block of rounds at a time: where that was wrong, the block is run once more. */
import type { DType } from '../../../dtype/dtype.ts';
import { sizeOf } from '../../../shape/shape.ts';
import { i32, op, select, tee, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Halves } from './halves.ts';
import type { Nest } from './nest.ts';

/** Elements after which it is asked whether conversions could be trusted. */
const trustedElements = 1024;
/**
 * So many blocks are run without trust after a wrong one, and twice as many each time that the next is wrong as well: what is not finite
 * seldom comes alone, as what a mask hides does not.
 */
const [fewestWary, mostWary] = [4, 256];

/** Whether it is worth it to write a loop twice: where many numbers of f16 are converted, and not moved as they are. */
export function isWorthTrust({ spec, mode, outer, inner }: Nest, moved: ReadonlyMap<number, DType>): boolean {
  const isConverted = spec.body.some(
    (step, position) =>
      (step.kind === 'load' || step.kind === 'store') &&
      spec.bindings[step.access.binding]?.dtype === 'f16' &&
      !moved.has(step.kind === 'store' ? step.arg : position),
  );
  return mode !== 'none' && isConverted && sizeOf([...outer, ...inner]) >= 4 * trustedElements;
}

/** A loop that may be run again from where it was. */
interface Rounds {
  /** How many are left; counted down. */
  readonly left: Local;
  /** Elements of each. */
  readonly elements: number;
  /** Writes so many of them. */
  readonly write: (count: Expression) => void;
  /** Goes back by so many. */
  readonly goBack: (count: Expression) => void;
}

/** Writes all that are left. */
export function inTrustedBlocks(f: FunctionBuilder, halves: Halves, { left, elements, write, goBack }: Rounds): void {
  const most = i32(Math.max(1, Math.round(trustedElements / elements)));
  const wary = f.let(i32(0));
  const next = f.let(i32(fewestWary));
  f.if(left, () =>
    f.loop((again) => {
      const now = f.let(select(op('i32.lt_u', left, most), left, most));
      f.if(op('i32.eqz', wary), () => {
        const isWrong = halves.onTrust(() => write(now));
        f.if(
          isWrong,
          () => {
            goBack(now);
            f.set(wary, next);
            f.set(next, op('i32.shl', next, op('i32.lt_u', next, i32(mostWary))));
          },
          () => f.set(next, i32(fewestWary)),
        );
      });
      f.if(wary, () => {
        write(now);
        f.increase(wary, -1);
      });
      f.branchIf(again, tee(left, op('i32.sub', left, now)));
    }),
  );
}
