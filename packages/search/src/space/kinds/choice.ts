/** The kind of nodes that are choices among plain values. */
import { quote } from '../../checked/quote.ts';
import { SpaceError } from '../../errors.ts';
import type { NodeKind } from '../node.ts';
import type { ChoiceParameter, ParameterValue } from '../parameter.ts';
import { leaf } from './leaf.ts';

/** Whether a value can be a parameter's: a string, a finite number, a boolean or null. */
function isParameterValue(value: unknown): value is ParameterValue {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

/** A value that occurs twice, if one does. */
function repeated(values: readonly ParameterValue[]): ParameterValue | undefined {
  // A grid has tens of thousands, which ascend: a set of them would take many times their memory.
  const ascend = (value: ParameterValue, index: number): boolean =>
    typeof value === 'number' && (index === 0 || value > (values[index - 1] as number));
  if (values.every(ascend)) return undefined;
  const met = new Set<ParameterValue>();
  return values.find((value) => met.size === met.add(value).size);
}

/**
 * One of the values, in no order.
 * @param at what an error points to
 * @throws {SpaceError} when there are none, one occurs twice, or one is not a string, finite number, boolean or null.
 */
export function choiceOfValues<Value extends ParameterValue>(
  values: readonly Value[],
  at: string,
): ChoiceParameter<Value> {
  if (values.length === 0) throw new SpaceError(at, 'there are no values: give at least one');
  const alien = values.findIndex((value) => !isParameterValue(value));
  if (alien >= 0) {
    throw new SpaceError(
      at,
      `${quote(values[alien])} cannot be a value: use strings, finite numbers, booleans or null, or an object of branches`,
    );
  }
  const twice = repeated(values);
  if (twice !== undefined) throw new SpaceError(at, `${quote(twice)} occurs twice: give each value once`);
  return Object.freeze({ kind: 'choice', values: Object.freeze([...values]) });
}

const list = ({ values }: ChoiceParameter): string => values.map((value) => JSON.stringify(value)).join(', ');

/** The table of choices among plain values. */
export const choiceKind: NodeKind<ChoiceParameter> = leaf<ChoiceParameter>({
  describe: (node) => `choice([${list(node)}])`,
  allowed: (node) => `one of ${list(node)}`,
  size: ({ values }) => values.length,
  at: ({ values }, index) => values[index] ?? null,
  contains: ({ values }, value): value is ParameterValue => values.includes(value as ParameterValue),
  widens: (before, after) => before.values.every((value) => after.values.includes(value)),
  parse: ({ values }, path) => {
    if (!Array.isArray(values)) throw new SpaceError(path, `values is ${quote(values)}: it must be a list`);
    return choiceOfValues(values as readonly ParameterValue[], path);
  },
});
