/** Parameters as Optuna stores them, in both directions. */
import { choice, float, fromUnit, int, toUnit, type Parameter, type ParameterValue } from '@espalier/search';
import { decode } from '../json.ts';

/** A parameter as Optuna writes it beside each value. */
export function distributionOf(parameter: Parameter): string {
  if (parameter.kind === 'choice') {
    return JSON.stringify({ name: 'CategoricalDistribution', attributes: { choices: parameter.values } });
  }
  const { kind, low, step, log } = parameter;
  // Optuna wants the high end on the grid.
  const high = step === undefined ? parameter.high : fromUnit(parameter, 1);
  if (kind === 'int') {
    // It has no steps on a logarithmic scale.
    return JSON.stringify({ name: 'IntDistribution', attributes: { log, step: log ? 1 : step, low, high } });
  }
  return JSON.stringify({
    name: 'FloatDistribution',
    attributes: { step: log ? null : (step ?? null), low, high, log },
  });
}

/** A value as Optuna stores it: of a choice, its index. */
export function storedValue(parameter: Parameter, value: ParameterValue): number {
  return parameter.kind === 'choice' ? parameter.values.indexOf(value) : Number(value);
}

/** The value that Optuna stored. */
export function valueOfStored(parameter: Parameter, stored: number): ParameterValue {
  if (parameter.kind === 'choice') return parameter.values[stored] ?? null;
  // Its grids have binary dust: 0.7000000000000001.
  return parameter.step === undefined ? stored : fromUnit(parameter, toUnit(parameter, stored));
}

/** Reads a distribution; undefined when it is of a kind that this package does not know. */
export function parameterOf(json: string): Parameter | undefined {
  const { name, attributes } = Object(decode(json)) as { readonly name?: unknown; readonly attributes?: unknown };
  const { low, high, step, log, choices } = Object(attributes) as Readonly<
    Partial<Record<'low' | 'high' | 'step' | 'log' | 'choices', unknown>>
  >;
  const scale = { log: log === true, ...(typeof step === 'number' && log !== true ? { step } : {}) };
  switch (name) {
    case 'IntDistribution':
      return int(Number(low), Number(high), scale);
    case 'FloatDistribution':
      return float(Number(low), Number(high), scale);
    case 'CategoricalDistribution':
      return Array.isArray(choices) ? choice(choices as readonly ParameterValue[]) : undefined;
    default:
      return undefined;
  }
}

/** A parameter that has the values of both; undefined when there is none. */
export function joined(a: Parameter, b: Parameter): Parameter | undefined {
  if (a.kind === 'choice') {
    return b.kind === 'choice' ? choice([...new Set([...a.values, ...b.values])]) : undefined;
  }
  if (b.kind !== a.kind || a.log !== b.log || a.step !== b.step) return undefined;
  const make = a.kind === 'int' ? int : float;
  const scale = { log: a.log, ...(a.step === undefined ? {} : { step: a.step }) };
  return make(Math.min(a.low, b.low), Math.max(a.high, b.high), scale);
}
