/** Activation functions. Integers become f32 first, except for relu. */
import { dtypes } from '../../dtype/dtype.ts';
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { log1p } from './exponential.ts';
import { anyValue, between, elementwise, type ElementwiseDescription, type ElementwiseEntry } from './define.ts';

const floating = (
  name: string,
  description: Omit<ElementwiseDescription, 'arity' | 'argumentRule'>,
): ElementwiseEntry =>
  elementwise(name, { arity: 1, argumentRule: 'float', ulps: 32, values: [between(-30, 30)], ...description });

/** 1 / (1 + exp(-a)), on the side where exp does not overflow. */
function sigmoid(a: Expression): Expression {
  const decay = s.exp(s.neg(s.abs(a)));
  return s.div(s.select(s.lt(a, 0), decay, s.constant(1, a.dtype)), s.add(1, decay));
}

/** log(1 + exp(a)) = max(a, 0) + log1p(exp(-|a|)), where nothing overflows and small results keep their digits. */
function softplus(a: Expression): Expression {
  return s.add(s.max(a, 0), log1p(s.exp(s.neg(s.abs(a)))));
}

/** a · share, where the share of -∞ is 0 and so is the product: the limit. */
function shareOf(a: Expression, share: Expression): Expression {
  return s.mul(s.max(a, -dtypes[a.dtype as 'f32' | 'f64'].max), share);
}

function exponentialBelowZero(a: Expression, alpha: number): Expression {
  const t = s.tanh(s.mul(a, 0.5));
  const expm1 = s.select(s.lt(s.neg(a), 1), s.div(s.mul(t, 2), s.sub(1, t)), s.sub(s.exp(a), 1));
  return s.select(s.lt(a, 0), s.mul(expm1, alpha), a);
}

const gaussian = (a: Tensor): Tensor =>
  a
    .mul(a)
    .mul(-0.5)
    .exp()
    .mul(1 / Math.sqrt(2 * Math.PI));
const geluSlope = Math.sqrt(2 / Math.PI);
// Self-normalizing networks, Klambauer et al. 2017.
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** Activation functions. */
export const activation: Readonly<Record<string, ElementwiseEntry>> = {
  relu: elementwise('relu', {
    summary: 'max(a, 0)',
    arity: 1,
    meaning: (a) => s.max(a, 0),
    // Not y > 0: a NaN lets the gradient through, so that it is seen.
    gradient: (g, y) => [g.where(y.le(0).logicalNot(), 0)],
    smooth: [between(0.1, 2)],
  }),
  sigmoid: floating('sigmoid', {
    summary: '1 / (1 + exp(-a))',
    meaning: sigmoid,
    gradient: (g, y) => [g.mul(y).mul(y.neg().add(1))],
    values: [anyValue],
  }),
  leakyRelu: floating('leakyRelu', {
    summary: 'a above 0, slope · a below',
    meaningOf:
      ({ slope }) =>
      (a) =>
        s.select(s.lt(a, 0), s.mul(a, slope as number), a),
    gradientOf:
      ({ slope }) =>
      (g, _, a) => [g.where(a.gt(0), g.mul(slope as number))],
    attributes: [{ slope: 0.01 }, { slope: 0.3 }],
    smooth: [between(0.1, 2)],
  }),
  elu: floating('elu', {
    summary: 'a above 0, alpha · (exp(a) - 1) below',
    meaningOf:
      ({ alpha }) =>
      (a) =>
        exponentialBelowZero(a, alpha as number),
    gradientOf:
      ({ alpha }) =>
      (g, _, a) => [g.where(a.gt(0), g.mul(a.minimum(0).exp()).mul(alpha as number))],
    attributes: [{ alpha: 1 }, { alpha: 0.5 }],
    smooth: [between(-2, -0.1)],
  }),
  selu: floating('selu', {
    summary: 'the self-normalizing scaled elu',
    meaning: (a) => s.mul(exponentialBelowZero(a, seluAlpha), seluScale),
    gradient: (g, _, a) => [g.where(a.gt(0), g.mul(a.minimum(0).exp()).mul(seluAlpha)).mul(seluScale)],
    smooth: [between(-2, -0.1)],
  }),
  gelu: floating('gelu', {
    summary: 'a · Φ(a), exact or with the tanh approximation',
    meaningOf:
      ({ approximate }) =>
      (a) => {
        if (approximate !== 'tanh') return shareOf(a, s.mul(s.add(s.erf(s.mul(a, Math.SQRT1_2)), 1), 0.5));
        // (1 + tanh(x)) / 2 = 1 / (1 + exp(-2x)), which keeps its digits where tanh comes near -1.
        const cubic = s.add(s.mul(s.mul(s.mul(a, a), a), 0.044715), a);
        return shareOf(a, s.div(1, s.add(s.exp(s.mul(cubic, -2 * geluSlope)), 1)));
      },
    gradientOf:
      ({ approximate }) =>
      (g, _, a) => {
        if (approximate !== 'tanh')
          return [
            g.mul(
              a
                .mul(Math.SQRT1_2)
                .erf()
                .add(1)
                .mul(0.5)
                .add(a.mul(gaussian(a))),
            ),
          ];
        const square = a.mul(a);
        const cubic = square.mul(a).mul(0.044715).add(a);
        const share = cubic.mul(2 * geluSlope).sigmoid();
        const slope = square
          .mul(3 * 0.044715)
          .add(1)
          .mul(2 * geluSlope);
        return [g.mul(share.add(a.mul(share.mul(share.neg().add(1))).mul(slope)))];
      },
    attributes: [{ approximate: 'none' }, { approximate: 'tanh' }],
    values: [between(-4, 9)],
    ulps: 256,
    absolute: 4,
  }),
  silu: floating('silu', {
    summary: 'a · sigmoid(a), also called swish',
    meaning: (a) => shareOf(a, sigmoid(a)),
    gradient: (g, y, a) => {
      const sigma = a.sigmoid();
      return [g.mul(sigma.add(y.mul(sigma.neg().add(1))))];
    },
  }),
  softplus: floating('softplus', {
    summary: 'log(1 + exp(beta · a)) / beta, or a itself above a threshold',
    meaningOf:
      ({ beta = 1, threshold }) =>
      (a) => {
        const steep = beta === 1 ? a : s.mul(a, beta as number);
        const curve = beta === 1 ? softplus(a) : s.div(softplus(steep), beta as number);
        return threshold === undefined ? curve : s.select(s.lt(threshold as number, steep), a, curve);
      },
    gradientOf:
      ({ beta = 1, threshold }) =>
      (g, _, a) => {
        const steep = beta === 1 ? a : a.mul(beta as number);
        const slope = g.mul(steep.sigmoid());
        return [threshold === undefined ? slope : g.where(steep.gt(threshold as number), slope)];
      },
    attributes: [{}, { beta: 2 }, { beta: 0.5, threshold: 4 }],
    values: [between(-80, 30)],
  }),
  mish: floating('mish', {
    summary: 'a · tanh(softplus(a))',
    meaning: (a) => shareOf(a, s.tanh(softplus(a))),
    gradient: (g, _, a) => {
      const t = a.softplus().tanh();
      return [g.mul(t.add(a.mul(t.mul(t).neg().add(1)).mul(a.sigmoid())))];
    },
    ulps: 64,
  }),
  hardSigmoid: floating('hardSigmoid', {
    summary: 'a / 6 + 1/2 limited to [0, 1]',
    meaning: (a) => s.min(s.max(s.add(s.div(a, 6), 0.5), 0), 1),
    gradient: (g, _, a) => [g.where(a.abs().lt(3), 0).div(6)],
  }),
  hardSwish: floating('hardSwish', {
    summary: 'a · hardSigmoid(a)',
    meaning: (a) => s.mul(a, s.min(s.max(s.add(s.div(a, 6), 0.5), 0), 1)),
    gradient: (g, _, a) => [g.mul(a.gt(0).cast(a.dtype).where(a.abs().ge(3), a.div(3).add(0.5)))],
  }),
};
