/** Which order of passes loses work. */
import type { Module, Parameter } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { isOptimizedWeight } from '../layout/optimized-weight.ts';
import { isRoundedInput } from '../quantize/activations/rounded-input.ts';
import { ScaledInput } from '../scaling/scaled-input.ts';
import { typeOfView } from '../views/view-type.ts';
import type { Effect, OrderRule, Pass } from './pass.ts';

const ownRules: readonly OrderRule[] = [
  {
    before: 'numbers',
    after: 'zeros',
    reason:
      'ranks weights that were rounded already, and the scales were chosen for weights that would be gone; prune first, then quantize',
  },
  {
    before: 'numbers',
    after: 'numbers',
    reason: 'would round numbers that were rounded already; quantize once',
  },
  {
    before: 'zeros',
    after: 'architecture',
    reason: 'puts a new network in place and loses what was pruned; distil into the student first, then prune it',
  },
  {
    before: 'numbers',
    after: 'architecture',
    reason: 'puts a new network in place and loses what was quantized; distil into the student first, then quantize it',
  },
  ...(['architecture', 'structure'] as const).map((after): OrderRule => ({
    before: 'scales',
    after,
    reason: 'changes channels that have scales of their own by then; do it first, then scale them',
  })),
  {
    before: 'format',
    after: 'any',
    reason: 'would make weights dense again that were stored in a format; encode last',
  },
];

/** What was done to a model before, as its parameters show. */
export function effectsOf(model: Module): Effect[] {
  return [...new Set(model.parameters().flatMap(effectsOn))];
}

function effectsOn(parameter: Parameter): Effect[] {
  const { inputs } = parameter;
  const isScaled = inputs.some((view) => view instanceof ScaledInput);
  return [
    ...effectsOnWeight(parameter),
    ...(inputs.some(isRoundedInput) ? ['numbers'] : []),
    ...(isScaled ? ['scales'] : []),
  ];
}

function effectsOnWeight(parameter: Parameter): Effect[] {
  const { stored } = parameter;
  // Asked for its views, a stored weight would become dense.
  if (stored && !isOptimizedWeight(stored)) return ['format'];
  if (stored) return [...(stored.pruned ? ['zeros'] : []), ...(stored.quantization ? ['numbers'] : [])];
  return parameter.views.flatMap((view) => typeOfView(view)?.effects ?? []);
}

/**
 * Passes that run together are applied in their order.
 * @throws {RecipeError} with the reason, when a pass of a later stage would undo the work of an earlier one, or of what
 * was done to the model before: by the rules of this package, and by those that passes bring.
 */
export function checkOrder(stages: readonly (readonly Pass[])[], already: readonly Effect[] = []): void {
  const rules = [...ownRules, ...stages.flat().flatMap(({ order = [] }) => order)];
  const done = new Map<Effect, string>(already.map((effect) => [effect, 'the model as given']));
  for (const [index, stage] of stages.entries()) {
    for (const [place, { config, effects }] of stage.entries()) {
      const twice = stage.slice(0, place).find((other) => other.effects.includes('zeros') && effects.includes('zeros'));
      if (twice) {
        throw new RecipeError(
          `steps[${index}]`,
          `${twice.config.type} and ${config.type} would both decide which weights are gone, in one training; run them one after the other`,
        );
      }
      const sharing = effects.includes('shared') && stage.find((other) => other.effects.includes('zeros'));
      if (sharing) {
        throw new RecipeError(
          `steps[${index}]`,
          `${config.type} settles which weights share a value, and ${sharing.config.type} would drop some of them in the same training; run them one after the other`,
        );
      }
      const masked =
        effects.includes('layers') && stage.slice(0, place).find((other) => other.effects.includes('zeros'));
      if (masked) {
        throw new RecipeError(
          `steps[${index}]`,
          `${config.type} puts layers in the place of those that ${masked.config.type} masks, in one training; name ${config.type} first, or run them one after the other`,
        );
      }
      const broken = rules.find(
        ({ before, after }) =>
          done.has(before) && (after === 'any' ? effects.some((each) => each !== 'cache') : effects.includes(after)),
      );
      if (broken) {
        throw new RecipeError(`steps[${index}]`, `${config.type} after ${done.get(broken.before)} ${broken.reason}`);
      }
      for (const effect of effects) done.set(effect, config.type);
    }
  }
}
