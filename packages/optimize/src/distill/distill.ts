/** The distillation pass. */
import { build, deriveSeed, type Json, type LossFunction, type Module, type ModuleConfig } from '@espalier/nn';
import { noGrad } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { numberOption, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, StepConfig } from '../recipe/pass.ts';
import type { TrainingConfig } from '../recipe/training.ts';
import { checkMix, checkSameClasses, distillationLoss, type DistillationMix } from './distillation-loss.ts';

/** Options of distillation. */
export interface DistillOptions extends DistillationMix {
  /** The model to learn from. It is put into evaluation and never changed. Default: `original`, the model the recipe started with. */
  readonly teacher?: Module | 'original';
  /** The architecture of a new network that learns. Default: the model itself learns, with its masks. */
  readonly student?: ModuleConfig;
  /** Default: the usual. */
  readonly train?: TrainingConfig;
}

const optionNames = ['teacher', 'student', 'temperature', 'alpha', 'train'] as const;

/**
 * Trains on what a teacher says as well as on the labels, by `distillationLoss`. The student is a new network where its
 * architecture is given, else the model as earlier passes left it. Throws RecipeError or ArgumentError for options that
 * cannot be, ShapeError for a teacher of another number of classes before anything is trained.
 *
 * @example
 * distill({ teacher: model, student: { type: 'sequential', layers: [...] }, temperature: 4, train: { epochs: 5 } })
 */
export function distill(options: DistillOptions = {}): Pass {
  const place = 'distill';
  optionsOf(place, options, optionNames);
  const { teacher: given = 'original', student, train } = options;
  if (options.temperature !== undefined) numberOption(place, 'temperature', options.temperature, { above: 0 });
  const mix = checkMix(options);
  const { teacher: _, ...described } = options;
  const config: StepConfig = {
    type: 'distill',
    ...(described as object as { readonly [option: string]: Json }),
    teacher: given === 'original' ? given : 'given',
  };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    const teacher = given === 'original' ? context.original : given;
    if (typeof teacher === 'string')
      throw new RecipeError(place, `the teacher is '${String(teacher)}'; it must be a model, or 'original'`);
    const device = model.parameters()[0]?.tensor.device;
    const seed = deriveSeed(context.seed, place);
    const learner = student ? build(student, { seed, ...(device && { device }) }) : model;
    if (learner === teacher)
      throw new RecipeError(place, 'the teacher is the model itself; give another teacher or a student');
    if (context.data?.train) {
      const { x } = await context.data.train.batch([0]);
      const example = x.shape.slice(1);
      checkSameClasses(learner.outputShape(example), teacher.outputShape(example));
    }
    const summary = `learn from a teacher of ${sizeOf(teacher)} parameters with ${sizeOf(learner)}, T = ${mix.temperature}, α = ${mix.alpha}`;
    const loss: LossFunction = (output, target, { x }) =>
      distillationLoss(
        output,
        noGrad(() => teacher.forward(x)),
        target,
        mix,
      );
    return {
      summary,
      apply: async () => {
        teacher.eval();
        return {
          model: learner,
          training: { config: train, loss },
          finalize: async () => ({ config, summary, details: {} }),
        };
      },
    };
  }

  return { config, needs: 'training', effects: student ? ['architecture', 'weights'] : ['weights'], plan };
}

function sizeOf(model: Module): number {
  return model.parameters().reduce((sum, { size }) => sum + size, 0);
}
