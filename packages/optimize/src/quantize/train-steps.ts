/** Scales that are trained for the time of a stage, in the places where fixed ones stand before and after. */
import type { Module, Parameter } from '@espalier/nn';
import { Companions } from '../recipe/companions.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { StaticRounding } from './activations/rounded-input.ts';
import { LearnedRounding, LearnedSteps } from './learned-steps.ts';
import type { WeightFormat } from './number-format.ts';
import { quantizeViewName, setQuantization, type ScalingOptions } from './quantize-view.ts';

const stepsOf = ({ views }: Parameter): LearnedSteps | undefined => views.find((view) => view instanceof LearnedSteps);

/** Rounds a weight by scales that are trained from now on. */
export function learnSteps(
  parameter: Parameter,
  format: WeightFormat,
  scales: Float32Array,
  options: ScalingOptions,
): void {
  const view = new LearnedSteps(format, scales, parameter.tensor, options);
  parameter.removeViews(quantizeViewName);
  parameter.views.push(view);
}

/** Has the static scale of what a weight is multiplied with, if there is one, trained from now on. */
export function learnRounding({ inputs, device }: Parameter): void {
  for (const [place, view] of inputs.entries())
    if (view instanceof StaticRounding) inputs[place] = new LearnedRounding(view, device);
}

/** All that is trained beside some weights, as a module. */
export function learnedSteps(chosen: readonly NamedParameter[]): Module {
  return new Companions(
    chosen.flatMap(({ name, parameter }) => {
      const ofInputs = parameter.inputs.find((view) => view instanceof LearnedRounding);
      const ofWeight = stepsOf(parameter);
      return [
        ...(ofWeight ? [[`${name} scales`, ofWeight.steps] as const] : []),
        ...(ofInputs ? [[`${name} inputs`, ofInputs.steps] as const] : []),
      ];
    }),
  );
}

/** Makes the scales that were learned fixed ones. */
export async function settleSteps(parameter: Parameter, format: WeightFormat): Promise<void> {
  const learned = stepsOf(parameter);
  if (learned) setQuantization(parameter, format, await learned.scales(), learned.options);
  for (const [place, view] of parameter.inputs.entries())
    if (view instanceof LearnedRounding) parameter.inputs[place] = await view.settled();
}
