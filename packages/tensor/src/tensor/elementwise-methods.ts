/** Element-wise methods. Operands broadcast by NumPy's rule; numbers take this tensor's dtype, or f32 for fractions beside integers. */
import { describe } from '../arguments/describe.ts';
import { holds } from '../arguments/numbers.ts';
import {
  aFiniteNumber,
  aNumber,
  aPositiveNumber,
  check,
  checkOptional,
  checkOptions,
  oneOf,
  ruleOf,
  type OptionRules,
} from '../arguments/rules.ts';
import { aDType, aTensor } from '../arguments/types.ts';
import { dtypes, isFloat, type DType } from '../dtype/dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { elementwiseNode } from '../graph/build.ts';
import { bitcastOp, whereOp } from '../ops/elementwise/conversion.ts';
import { promote } from '../dtype/promote.ts';
import { broadcastShapes } from '../shape/shape.ts';
import { asTensor, TensorHandle } from './handle.ts';
import type { Tensor } from './tensor.ts';
import { operandNodes } from './operands.ts';
import { applyElementwise } from './apply-elementwise.ts';
import { castNode, expandNode, inDType, wrap, type TensorLike } from './wrap.ts';

/** Options of the Gaussian error linear unit. */
interface GeluOptions {
  readonly approximate?: 'none' | 'tanh';
}

const geluOptions: OptionRules<GeluOptions> = { approximate: oneOf('none', 'tanh') };
const wordDType = oneOf('f32', 'i32', 'u32');

/** Options of softplus. */
export interface SoftplusOptions {
  /** How sharp the bend at 0 is. Default: 1. */
  readonly beta?: number;
  /** Where beta · a is above this the result is a itself. Default: nowhere. */
  readonly threshold?: number;
}

const softplusOptions: OptionRules<SoftplusOptions> = {
  beta: aPositiveNumber,
  threshold: aFiniteNumber,
};
const placesRule = ruleOf<number>(
  'an integer from -300 to 300',
  (value) => Number.isInteger(value) && Math.abs(value as number) <= 300,
);

/** Adds the element-wise ops to a tensor. */
export abstract class ElementwiseMethods extends TensorHandle {
  /** -a. */
  neg(): Tensor {
    return applyElementwise('neg', [asTensor(this)]);
  }

  /** |a|. */
  abs(): Tensor {
    return applyElementwise('abs', [asTensor(this)]);
  }

  /** -1, 0 or 1. */
  sign(): Tensor {
    return applyElementwise('sign', [asTensor(this)]);
  }

  /** 1 / a. */
  reciprocal(): Tensor {
    return applyElementwise('reciprocal', [asTensor(this)]);
  }

  /** a · a. */
  square(): Tensor {
    return applyElementwise('square', [asTensor(this)]);
  }

  /** Square root. */
  sqrt(): Tensor {
    return applyElementwise('sqrt', [asTensor(this)]);
  }

  /** 1 / sqrt(a). */
  rsqrt(): Tensor {
    return applyElementwise('rsqrt', [asTensor(this)]);
  }

  /** e to the power a. */
  exp(): Tensor {
    return applyElementwise('exp', [asTensor(this)]);
  }

  /** 2 to the power a. */
  exp2(): Tensor {
    return applyElementwise('exp2', [asTensor(this)]);
  }

  /** exp(a) - 1, accurate near 0. */
  expm1(): Tensor {
    return applyElementwise('expm1', [asTensor(this)]);
  }

  /** Natural logarithm. */
  log(): Tensor {
    return applyElementwise('log', [asTensor(this)]);
  }

  /** log(1 + a), accurate near 0. */
  log1p(): Tensor {
    return applyElementwise('log1p', [asTensor(this)]);
  }

  /** Logarithm to base 2. */
  log2(): Tensor {
    return applyElementwise('log2', [asTensor(this)]);
  }

  /** Logarithm to base 10. */
  log10(): Tensor {
    return applyElementwise('log10', [asTensor(this)]);
  }

  /** Sine. */
  sin(): Tensor {
    return applyElementwise('sin', [asTensor(this)]);
  }

  /** Cosine. */
  cos(): Tensor {
    return applyElementwise('cos', [asTensor(this)]);
  }

  /** Tangent. */
  tan(): Tensor {
    return applyElementwise('tan', [asTensor(this)]);
  }

  /** Inverse sine. */
  asin(): Tensor {
    return applyElementwise('asin', [asTensor(this)]);
  }

  /** Inverse cosine. */
  acos(): Tensor {
    return applyElementwise('acos', [asTensor(this)]);
  }

  /** Inverse tangent. */
  atan(): Tensor {
    return applyElementwise('atan', [asTensor(this)]);
  }

  /** Hyperbolic sine. */
  sinh(): Tensor {
    return applyElementwise('sinh', [asTensor(this)]);
  }

  /** Hyperbolic cosine. */
  cosh(): Tensor {
    return applyElementwise('cosh', [asTensor(this)]);
  }

  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return applyElementwise('tanh', [asTensor(this)]);
  }

  /** Inverse hyperbolic sine. */
  asinh(): Tensor {
    return applyElementwise('asinh', [asTensor(this)]);
  }

  /** Inverse hyperbolic cosine. */
  acosh(): Tensor {
    return applyElementwise('acosh', [asTensor(this)]);
  }

  /** Inverse hyperbolic tangent. */
  atanh(): Tensor {
    return applyElementwise('atanh', [asTensor(this)]);
  }

  /** The error function. */
  erf(): Tensor {
    return applyElementwise('erf', [asTensor(this)]);
  }

  /** 1 / (1 + exp(-a)). */
  sigmoid(): Tensor {
    return applyElementwise('sigmoid', [asTensor(this)]);
  }

  /** max(a, 0). */
  relu(): Tensor {
    return applyElementwise('relu', [asTensor(this)]);
  }

  /** The self-normalizing scaled elu. */
  selu(): Tensor {
    return applyElementwise('selu', [asTensor(this)]);
  }

  /** a · sigmoid(a). */
  silu(): Tensor {
    return applyElementwise('silu', [asTensor(this)]);
  }

  /**
   * log(1 + exp(beta · a)) / beta; the line a itself where beta · a is above `threshold`. By default beta is 1, and
   * there is no threshold: the curve is exact everywhere.
   * @throws {ArgumentError} unless both are finite and beta > 0.
   */
  softplus(options: SoftplusOptions = {}): Tensor {
    const { beta = 1, threshold } = checkOptions('softplus', options, softplusOptions);
    return applyElementwise('softplus', [asTensor(this)], {
      ...(beta !== 1 && { beta }),
      ...(threshold !== undefined && { threshold }),
    });
  }

  /** a · tanh(softplus(a)). */
  mish(): Tensor {
    return applyElementwise('mish', [asTensor(this)]);
  }

  /** a / 6 + 1/2 limited to [0, 1]. */
  hardSigmoid(): Tensor {
    return applyElementwise('hardSigmoid', [asTensor(this)]);
  }

  /** a · hardSigmoid(a). */
  hardSwish(): Tensor {
    return applyElementwise('hardSwish', [asTensor(this)]);
  }

  /** Rounded down. */
  floor(): Tensor {
    return applyElementwise('floor', [asTensor(this)]);
  }

  /** Rounded up. */
  ceil(): Tensor {
    return applyElementwise('ceil', [asTensor(this)]);
  }

  /** Rounded towards 0. */
  trunc(): Tensor {
    return applyElementwise('trunc', [asTensor(this)]);
  }

  /**
   * Rounded to `decimals` places after the point (0 by default; negative ones round to tens, hundreds, …), ties to
   * even.
   * @throws {ArgumentError} unless `decimals` is an integer.
   * @throws {DTypeError} where integers are to be rounded to tens.
   */
  round(decimals = 0): Tensor {
    check('round', 'decimals', decimals, placesRule);
    const whole = applyElementwise('round', [asTensor(this)]);
    if (decimals === 0) return whole;
    if (!isFloat(this.dtype)) {
      if (decimals > 0) return whole;
      throw new DTypeError('round', `${this.dtype} has no rounding to ${decimals} decimals; cast to a float first`);
    }
    // In f32 at least: the power of ten would leave half precision.
    const values = this.dtype === 'f64' ? asTensor(this) : this.cast('f32');
    const scale = 10 ** Math.abs(decimals);
    const rounded = decimals > 0 ? values.mul(scale).round().div(scale) : values.div(scale).round().mul(scale);
    // What is too large to be scaled has no such decimals.
    return inDType(rounded.where(rounded.isFinite(), values.detach()), this.dtype);
  }

  /** Whether a is NaN. */
  isNaN(): Tensor {
    return applyElementwise('isNaN', [asTensor(this)]);
  }

  /** Whether a is infinite. */
  isInf(): Tensor {
    return applyElementwise('isInf', [asTensor(this)]);
  }

  /** Whether a is neither infinite nor NaN. */
  isFinite(): Tensor {
    return applyElementwise('isFinite', [asTensor(this)]);
  }

  /** Whether a is 0. */
  logicalNot(): Tensor {
    return applyElementwise('logicalNot', [asTensor(this)]);
  }

  /** Every bit inverted. */
  bitwiseNot(): Tensor {
    return applyElementwise('bitwiseNot', [asTensor(this)]);
  }

  /**
   * a + b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  add(b: TensorLike): Tensor {
    return applyElementwise('add', [asTensor(this), b]);
  }

  /**
   * a - b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  sub(b: TensorLike): Tensor {
    return applyElementwise('sub', [asTensor(this), b]);
  }

  /**
   * a · b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  mul(b: TensorLike): Tensor {
    return applyElementwise('mul', [asTensor(this), b]);
  }

  /**
   * a / b; integers become f32.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  div(b: TensorLike): Tensor {
    return applyElementwise('div', [asTensor(this), b]);
  }

  /**
   * floor(a / b).
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  floorDivide(b: TensorLike): Tensor {
    return applyElementwise('floorDivide', [asTensor(this), b]);
  }

  /**
   * a / b rounded towards 0.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  truncDivide(b: TensorLike): Tensor {
    return applyElementwise('truncDivide', [asTensor(this), b]);
  }

  /**
   * a - b·floor(a / b), with the sign of b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  remainder(b: TensorLike): Tensor {
    return applyElementwise('remainder', [asTensor(this), b]);
  }

  /**
   * a to the power b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  pow(b: TensorLike): Tensor {
    return applyElementwise('pow', [asTensor(this), b]);
  }

  /**
   * The smaller of both.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  minimum(b: TensorLike): Tensor {
    return applyElementwise('minimum', [asTensor(this), b]);
  }

  /**
   * The larger of both.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  maximum(b: TensorLike): Tensor {
    return applyElementwise('maximum', [asTensor(this), b]);
  }

  /**
   * The angle of the point (b, a).
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  atan2(b: TensorLike): Tensor {
    return applyElementwise('atan2', [asTensor(this), b]);
  }

  /**
   * a = b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  eq(b: TensorLike): Tensor {
    return applyElementwise('eq', [asTensor(this), b]);
  }

  /**
   * a ≠ b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  ne(b: TensorLike): Tensor {
    return applyElementwise('ne', [asTensor(this), b]);
  }

  /**
   * a < b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  lt(b: TensorLike): Tensor {
    return applyElementwise('lt', [asTensor(this), b]);
  }

  /**
   * a ≤ b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  le(b: TensorLike): Tensor {
    return applyElementwise('le', [asTensor(this), b]);
  }

  /**
   * a > b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  gt(b: TensorLike): Tensor {
    return applyElementwise('gt', [asTensor(this), b]);
  }

  /**
   * a ≥ b.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  ge(b: TensorLike): Tensor {
    return applyElementwise('ge', [asTensor(this), b]);
  }

  /**
   * Both are not 0.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  logicalAnd(b: TensorLike): Tensor {
    return applyElementwise('logicalAnd', [asTensor(this), b]);
  }

  /**
   * Either is not 0.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  logicalOr(b: TensorLike): Tensor {
    return applyElementwise('logicalOr', [asTensor(this), b]);
  }

  /**
   * Exactly one is not 0.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  logicalXor(b: TensorLike): Tensor {
    return applyElementwise('logicalXor', [asTensor(this), b]);
  }

  /** The high 32 bits of the 64-bit product of u32. */
  multiplyHigh(b: TensorLike): Tensor {
    return applyElementwise('multiplyHigh', [asTensor(this), b]);
  }

  /**
   * Bits set in both.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  bitwiseAnd(b: TensorLike): Tensor {
    return applyElementwise('bitwiseAnd', [asTensor(this), b]);
  }

  /**
   * Bits set in either.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  bitwiseOr(b: TensorLike): Tensor {
    return applyElementwise('bitwiseOr', [asTensor(this), b]);
  }

  /**
   * Bits set in exactly one.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  bitwiseXor(b: TensorLike): Tensor {
    return applyElementwise('bitwiseXor', [asTensor(this), b]);
  }

  /**
   * a · 2^b, wrapping.
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  shiftLeft(b: TensorLike): Tensor {
    return applyElementwise('shiftLeft', [asTensor(this), b]);
  }

  /**
   * floor(a / 2^b).
   * @throws {ShapeError} where the shapes do not broadcast.
   */
  shiftRight(b: TensorLike): Tensor {
    return applyElementwise('shiftRight', [asTensor(this), b]);
  }

  /** a above 0, `slope` · a below. */
  leakyRelu(slope = 0.01): Tensor {
    return applyElementwise('leakyRelu', [asTensor(this)], {
      slope: check('leakyRelu', 'slope', slope, aFiniteNumber),
    });
  }

  /** a above 0, `alpha` · (exp(a) - 1) below. */
  elu(alpha = 1): Tensor {
    return applyElementwise('elu', [asTensor(this)], { alpha: check('elu', 'alpha', alpha, aFiniteNumber) });
  }

  /** a · Φ(a), by the error function or its tanh approximation. */
  gelu(options: GeluOptions = {}): Tensor {
    const { approximate = 'none' } = checkOptions('gelu', options, geluOptions);
    return applyElementwise('gelu', [asTensor(this)], { approximate });
  }

  /**
   * Limited to [min, max]; either bound may be left out. Beside integers, bounds beyond the dtype do not bind, and
   * fractions make the result f32.
   * @throws {ArgumentError} if min exceeds max, or if no integer of the dtype lies within.
   */
  clamp(min?: number, max?: number): Tensor {
    checkOptional('clamp', 'min', min, aNumber);
    checkOptional('clamp', 'max', max, aNumber);
    if (min !== undefined && max !== undefined && min > max)
      throw new ArgumentError('clamp', `min ${min} is above max ${max}; swap them`);
    const { kind } = dtypes[this.dtype];
    const low = kind === 'float' ? min : bindingBound(this.dtype, min, 'min');
    const high = kind === 'float' ? max : bindingBound(this.dtype, max, 'max');
    const fractional = [low, high].some((bound) => bound !== undefined && !Number.isInteger(bound));
    const values = kind !== 'float' && fractional ? wrap(castNode(this.node, 'f32')) : asTensor(this);
    return applyElementwise('clamp', [values], {
      ...(low !== undefined && { min: low }),
      ...(high !== undefined && { max: high }),
    });
  }

  /** Linear interpolation a + weight · (b - a). */
  lerp(b: TensorLike, weight: TensorLike): Tensor {
    return this.add(applyElementwise('sub', [b, asTensor(this)]).mul(weight));
  }

  /** This tensor where `condition` (bool) holds, `otherwise` elsewhere. All three broadcast. */
  where(condition: Tensor, otherwise: TensorLike): Tensor {
    check('where', 'condition', condition, aTensor);
    const [a, b] = operandNodes('where', [asTensor(this), otherwise]) as [typeof this.node, typeof this.node];
    const dtype = promote(a.dtype, b.dtype, 'where');
    const chosen = castNode(condition.node, 'bool');
    const shape = broadcastShapes('where', chosen.shape, a.shape, b.shape);
    return wrap(
      elementwiseNode(
        whereOp,
        [expandNode(chosen, shape), expandNode(castNode(a, dtype), shape), expandNode(castNode(b, dtype), shape)],
        {},
        dtype,
      ),
    );
  }

  /** `value` where `mask` (bool) holds, this tensor elsewhere. */
  maskedFill(mask: Tensor, value: number): Tensor {
    check('maskedFill', 'mask', mask, aTensor);
    check('maskedFill', 'value', value, aNumber);
    return this.where(mask.logicalNot(), value);
  }

  /** The same values in another dtype: floats to integers truncate and saturate, to 8 bits they wrap; NaN becomes 0. */
  cast(dtype: DType): Tensor {
    return wrap(castNode(this.node, check('cast', 'dtype', dtype, aDType)));
  }

  /**
   * The 32 bits of each element read as another 32-bit dtype.
   * @throws {ArgumentError} for other widths.
   */
  bitcast(dtype: 'f32' | 'i32' | 'u32'): Tensor {
    check('bitcast', 'dtype', dtype, wordDType);
    if (!wordDType.holds(this.dtype))
      throw new ArgumentError('bitcast', `${this.dtype} has no 32-bit pattern; cast to f32, i32 or u32 first`);
    return wrap(elementwiseNode(bitcastOp, [this.node], { dtype }, dtype));
  }
}

/** A bound beside integers; undefined where every element of the dtype keeps it. */
function bindingBound(of: DType, bound: number | undefined, side: 'min' | 'max'): number | undefined {
  if (bound === undefined) return undefined;
  const dtype = of === 'bool' ? 'i32' : of;
  const { min, max } = dtypes[dtype];
  if (side === 'min' ? bound <= min : bound >= max) return undefined;
  if (Number.isFinite(bound) && (!Number.isInteger(bound) || holds(dtype, bound))) return bound;
  throw new ArgumentError(
    'clamp',
    `${side} is ${describe(bound)}, but ${dtype} holds the integers from ${min} to ${max}; cast the tensor first`,
  );
}
