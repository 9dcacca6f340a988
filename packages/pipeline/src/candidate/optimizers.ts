/** Optimizers of candidates: any that is registered, with whatever options it takes. */
import { buildOptimizer, ConfigError, optimizerTypes } from '@espalier/nn';
import { numberWithin, refusal, type Field, type Problem } from '../fields.ts';
import { suggestion } from '../text/did-you-mean.ts';

/** Closer bounds than an optimizer has itself: what lies beyond them has never trained a network. */
const bounds: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  sgd: { lr: numberWithin(1e-6, 10), momentum: numberWithin(0, 0.999) },
  adam: { lr: numberWithin(1e-6, 1) },
  adamw: { lr: numberWithin(1e-6, 1), weightDecay: numberWithin(0, 1) },
};

const anyOption: Field = {
  allowed: 'a number, a text, true or false',
  accepts: (value) =>
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)),
};

const own = <Value>(of: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;

/** What an option of an optimizer may be, as far as that can be told of it alone. */
export function optimizerSlot(type: string, option: string): Field {
  return own(own(bounds, type) ?? {}, option) ?? anyOption;
}

/** What keeps an optimizer from being made of options: which of them, and which of its values, where that is known. */
export interface OptimizerProblem {
  readonly option?: string;
  readonly index?: number;
  readonly message: string;
}

/** What is wrong with one choice of options, as the optimizer itself says. */
function flawOf(type: string, options: Readonly<Record<string, unknown>>): OptimizerProblem | undefined {
  try {
    buildOptimizer({ ...options, type });
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const option = error instanceof ConfigError ? error.path.split('.').at(-1) : undefined;
    return option !== undefined && Object.hasOwn(options, option) ? { option, message } : { message };
  }
}

/**
 * What keeps an optimizer from being one: its type is not registered, or it cannot be made with one of the values that each
 * option may have.
 */
export function optimizerProblem(
  type: unknown,
  values: Readonly<Record<string, readonly unknown[]>>,
): OptimizerProblem | undefined {
  if (typeof type !== 'string' || !optimizerTypes.includes(type)) {
    const known =
      typeof type === 'string' ? suggestion(type, optimizerTypes) : `use one of ${optimizerTypes.join(', ')}`;
    return { message: `has no known type: ${known}` };
  }
  for (const [option, each] of Object.entries(values)) {
    const slot = optimizerSlot(type, option);
    const index = each.findIndex((value) => !slot.accepts(value));
    if (index >= 0) return { option, index, message: refusal(slot, each[index]) };
  }
  const first = Object.fromEntries(Object.entries(values).map(([option, each]) => [option, each[0]]));
  const wrong = flawOf(type, first);
  if (wrong) return wrong.option === undefined ? wrong : { ...wrong, index: 0 };
  for (const [option, each] of Object.entries(values)) {
    for (const [index, value] of each.entries()) {
      const flaw = index === 0 ? undefined : flawOf(type, { ...first, [option]: value });
      if (flaw) return { option, index, message: flaw.message };
    }
  }
  return undefined;
}

/** What is wrong with the optimizer of a candidate: an object of its type and its options. */
export function chosenOptimizerProblem(value: unknown, path: readonly string[]): Problem | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { path, message: 'is no optimizer: give one such as { type: adam, lr: 0.001 }' };
  const { type, ...options } = value as Readonly<Record<string, unknown>>;
  const values = Object.fromEntries(Object.entries(options).map(([option, each]) => [option, [each]]));
  const problem = optimizerProblem(type, values);
  if (!problem) return undefined;
  return { path: problem.option === undefined ? path : [...path, problem.option], message: problem.message };
}
