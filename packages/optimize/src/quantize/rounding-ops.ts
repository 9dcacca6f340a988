/** Rounding to codes as element-wise ops: one node of a graph each, with the gradients that training through it takes. */
import { defineElementwise, scalar, type ElementwiseFunction } from '@espalier/tensor';

const [aNumber, aScale, aCode] = [
  { kind: 'range', low: -2, high: 2 },
  { kind: 'range', low: 0.05, high: 1 },
  { kind: 'integers', low: -2, high: 2 },
] as const;

/** The least and the largest code. */
interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

const bounds = [
  { minimum: -128, maximum: 127 },
  { minimum: -2, maximum: 1 },
] as const;

type Meaning = ReturnType<typeof scalar.round>;

const codeOf = (x: Meaning, scale: Meaning, zero: Meaning, { minimum, maximum }: Bounds): Meaning =>
  scalar.max(scalar.min(scalar.add(scalar.round(scalar.div(x, scale)), zero), maximum), minimum);

/** The codes of 8 bits of activations. */
export const activationCodes: Bounds = { minimum: -128, maximum: 127 };

/**
 * (x, scale, zero): codes of 8 bits, round(x / scale) + zero, halves to the even one; f32. Its bounds are no attributes: those
 * are checked at each use, which takes longer than a small product.
 */
export const toCodes: ElementwiseFunction = defineElementwise({
  name: 'toCodes',
  summary: 'round(a / b) + c, clamped to -128 … 127',
  arity: 3,
  argumentRule: 'float',
  values: [aNumber, aScale, aCode],
  meaning: (x, scale, zero) => codeOf(x, scale, zero, activationCodes),
});

/**
 * (x, scale, zero): what the codes from `minimum` to `maximum` stand for, (code - zero) · scale. Towards x the gradient passes
 * straight through where nothing is clamped, and is 0 elsewhere (Y. Bengio et al., 2013); towards the scale it is that of
 * S. K. Esser et al., "Learned step size quantization", 2020: round(x / scale) - x / scale, or the clamped code.
 */
export const throughCodes: ElementwiseFunction = defineElementwise({
  name: 'throughCodes',
  summary: '(clamp(round(a / b) + c) - c) b',
  arity: 3,
  argumentRule: 'float',
  values: [aNumber, aScale, aCode],
  attributes: [...bounds],
  meaningOf: (attributes) => (x, scale, zero) =>
    // Adding 0 makes 0 of -0, for which there is no code.
    scalar.mul(scalar.add(scalar.sub(codeOf(x, scale, zero, attributes as unknown as Bounds), zero), 0), scale),
  gradientOf: (attributes) => (g, _, x, scale, zero) => {
    const { minimum, maximum } = attributes as unknown as Bounds;
    const at = x.div(scale);
    const [low, high] = [zero.neg().add(minimum), zero.neg().add(maximum)];
    const isInside = at.ge(low).logicalAnd(at.le(high));
    const towardsScale = at.round().sub(at).where(isInside, at.maximum(low).minimum(high));
    return [g.where(isInside, 0), g.mul(towardsScale), g.filled(g.shape, 0)];
  },
});

/** (sum, scale, shift): sum · scale + shift. */
export const fromCodes: ElementwiseFunction = defineElementwise({
  name: 'fromCodes',
  summary: 'a b + c',
  arity: 3,
  argumentRule: 'float',
  meaning: (sum, scale, shift) => scalar.add(scalar.mul(sum, scale), shift),
});
