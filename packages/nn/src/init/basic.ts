/** Initialisers that do not look at the layer. */
import { full, normal, truncatedNormal, uniform } from '@espalier/tensor';
import { optional, parseFields, real, type Fields } from '../config/fields.ts';
import type { Initialiser, InitialiserType } from './initialiser.ts';

/** A type from its fields and what they mean. */
export function initialiserType<Settings extends object>(
  type: string,
  fields: Fields<Settings>,
  make: (settings: Required<Settings>) => Initialiser,
): InitialiserType {
  return {
    type,
    create: (config, where) => {
      const settings = parseFields<Settings>(where, fields, config);
      return { settings, initialise: make(settings) };
    },
  };
}

const moments = { mean: optional(real(), 0), std: optional(real({ least: 0 }), 0.02) };

/** zeros, ones, constant, uniform, normal, truncated-normal. */
export const basicInitialisers: readonly InitialiserType[] = [
  initialiserType('zeros', {}, () => (shape, _fans, context) => full(shape, 0, context)),
  initialiserType('ones', {}, () => (shape, _fans, context) => full(shape, 1, context)),
  initialiserType<{ value: number }>(
    'constant',
    { value: real() },
    ({ value }) =>
      (shape, _fans, context) =>
        full(shape, value, context),
  ),
  initialiserType<{ low: number; high: number }>(
    'uniform',
    { low: optional(real(), -0.05), high: optional(real(), 0.05) },
    (range) => (shape, _fans, context) => uniform(shape, range, context),
  ),
  initialiserType<{ mean: number; std: number }>(
    'normal',
    moments,
    (settings) => (shape, _fans, context) => normal(shape, settings, context),
  ),
  initialiserType<{ mean: number; std: number; low: number; high: number }>(
    'truncated-normal',
    // `low` and `high` are in standard deviations around the mean.
    { ...moments, low: optional(real(), -2), high: optional(real(), 2) },
    (settings) => (shape, _fans, context) => truncatedNormal(shape, settings, context),
  ),
];
