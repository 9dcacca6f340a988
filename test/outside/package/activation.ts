/** An element-wise op, and the activation function that it is. */
import { ConfigError, type ActivationType } from '@espalier/nn';
import { defineElementwise, scalar, type ElementwiseFunction } from '@espalier/tensor';

/** a / (1 + |a|). */
export const softsign: ElementwiseFunction = defineElementwise({
  name: 'softsign',
  summary: 'a / (1 + |a|)',
  arity: 1,
  argumentRule: 'float',
  meaning: (a) => scalar.div(a, scalar.add(1, scalar.abs(a))),
  gradient: (g, _, a) => [g.div(a.abs().add(1).square())],
  values: [{ kind: 'range', low: -1e6, high: 1e6 }],
  smooth: [{ kind: 'range', low: 0.1, high: 2 }],
  ulps: 4,
});

export const softsignLayer: ActivationType = {
  type: 'softsign',
  create: (config, where) => {
    const { type: _, sharpness = 1, ...others } = Object(config) as Readonly<Record<string, unknown>>;
    const [other] = Object.keys(others);
    if (other !== undefined) throw new ConfigError(`${where}.${other}`, 'is no known field; known are sharpness');
    if (!(Number(sharpness) > 0)) throw new ConfigError(`${where}.sharpness`, 'must be a number above 0');
    return { settings: { sharpness }, apply: (x) => softsign([x.mul(Number(sharpness))]) };
  },
};
