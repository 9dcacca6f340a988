/** tanh and erf of f32 vectors. The coefficients are least-maximum-error fits (Remez) of the named function. */
import { op, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';
import { choose, polynomial, splitSign } from './vector-helpers.ts';

/** (tanh x - x) / x³ in x², on |x| <= 0.625; relative error of tanh 4.4e-9. */
const tanhRemainder = [-0.333332807, 0.133314416, -0.0537397154, 0.020639088, -0.00570498733];

/** A polynomial near 0, elsewhere 1 - 2 / (exp(2x) + 1). */
function hyperbolicTangent(context: MathContext, x: Local): Expression {
  const { f, f32, library } = context;
  const { magnitude, sign } = splitSign(context, x);
  const square = f.let(op('f32x4.mul', magnitude, magnitude));
  const small = op(
    'f32x4.add',
    magnitude,
    op('f32x4.mul', op('f32x4.mul', magnitude, square), polynomial(context, square, tanhRemainder)),
  );
  const grown = library.within(f, 'exp', op('f32x4.add', magnitude, magnitude));
  const large = op('f32x4.sub', f32(1), op('f32x4.div', f32(2), op('f32x4.add', grown, f32(1))));
  return op('v128.or', choose(op('f32x4.lt', magnitude, f32(0.625)), small, large), sign);
}

/** erf(x) / x - 1 in x², on |x| <= 0.92; relative error of erf 4.0e-10. */
const erfNear = [
  0.128379166, -0.376126349, 0.112836972, -0.0268594995, 0.00520128617, -0.000814559753, 0.0000838239066,
];
/** -log(erfc x) / x on 0.9 <= x <= 4; relative error of erf 8.6e-10. */
const erfFar = [1.12863708, 0.635198057, 0.106159031, -0.0236945506, 0.00361033413, -0.000314856094, 0.0000104329001];

/** A polynomial near 0, elsewhere 1 - exp(log(erfc x)); from 4 on the result is 1. */
function errorFunction(context: MathContext, x: Local): Expression {
  const { f, f32, library } = context;
  const { magnitude, sign } = splitSign(context, x);
  const square = f.let(op('f32x4.mul', magnitude, magnitude));
  const near = op('f32x4.add', magnitude, op('f32x4.mul', magnitude, polynomial(context, square, erfNear)));
  const bounded = f.let(op('f32x4.pmin', magnitude, f32(4)));
  const exponent = op('f32x4.neg', op('f32x4.mul', bounded, polynomial(context, bounded, erfFar)));
  const far = op('f32x4.sub', f32(1), library.within(f, 'exp', exponent));
  return op('v128.or', choose(op('f32x4.lt', magnitude, f32(0.92)), near, far), sign);
}

const unary = { parameters: ['v128'], result: 'v128', isInlined: true } as const;

/** Functions that level off at ±1. Bounds against f64: tanh 2 ulp, erf 2 ulp. */
export const sigmoidalFunctions: Readonly<Record<'tanh' | 'erf', MathFunctionDefinition>> = {
  tanh: { ...unary, build: hyperbolicTangent },
  erf: { ...unary, build: errorFunction },
};
