/** Integer division that never traps, and the exact float remainder. */
import { f64, i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';

/** Below this quotient, a - trunc(a / b) · b is exact in doubles for f32 operands: 24 + 24 bits fit 53. */
const exactQuotient = 2 ** 24;

function divideSigned({ f }: MathContext, a: Local, b: Local): Expression {
  f.if(op('i32.eqz', b), () => f.return(i32(0)));
  // -2^31 / -1 would trap; negation wraps.
  f.if(op('i32.eq', b, i32(-1)), () => f.return(op('i32.sub', i32(0), a)));
  return op('i32.div_s', a, b);
}

function guarded(name: 'i32.div_u' | 'i32.rem_s' | 'i32.rem_u'): MathFunctionDefinition['build'] {
  return ({ f }, a, b) => {
    f.if(op('i32.eqz', b), () => f.return(i32(0)));
    return op(name, a, b);
  };
}

/** C's fmod: exact. Large quotients, infinities and NaN go to the host. */
function remainderF32({ f, library }: MathContext, dividend: Local, divisor: Local): Expression {
  const a = f.let(op('f64.promote_f32', dividend));
  const b = f.let(op('f64.promote_f32', divisor));
  const quotient = f.let(op('f64.trunc', op('f64.div', a, b)));
  const easy = op(
    'i32.and',
    op('f64.lt', op('f64.abs', quotient), f64(exactQuotient)),
    op('f64.lt', op('f64.abs', b), f64(Number.POSITIVE_INFINITY)),
  );
  f.if(easy, () => f.return(op('f32.demote_f64', op('f64.copysign', op('f64.sub', a, op('f64.mul', quotient, b)), a))));
  return library.hostF32('rem', dividend, divisor);
}

const integers = { parameters: ['i32', 'i32'], result: 'i32' } as const;

/** Scalar functions with the guards that the instruction set asks for. */
export const arithmeticFunctions: Readonly<
  Record<
    'divideSigned' | 'divideUnsigned' | 'remainderSigned' | 'remainderUnsigned' | 'remainderF32',
    MathFunctionDefinition
  >
> = {
  divideSigned: { ...integers, build: divideSigned },
  divideUnsigned: { ...integers, build: guarded('i32.div_u') },
  remainderSigned: { ...integers, build: guarded('i32.rem_s') },
  remainderUnsigned: { ...integers, build: guarded('i32.rem_u') },
  remainderF32: { parameters: ['f32', 'f32'], result: 'f32', build: remainderF32 },
};
