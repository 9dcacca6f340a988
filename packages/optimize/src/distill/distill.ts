/** The distillation pass. */
import {
  build,
  countParameters,
  deriveSeed,
  summary as summaryOf,
  type Json,
  type LossFunction,
  type Module,
  type ModuleConfig,
} from '@espalier/nn';
import { noGrad, type Shape } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { numberOption, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, StepConfig } from '../recipe/pass.ts';
import type { TaskLoss } from '../recipe/task-loss.ts';
import { checkTraining, trainedFor } from '../recipe/training.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { showCount } from '../report/format.ts';
import { checkMix, checkSameClasses, type DistillationMix } from './distillation-loss.ts';
import { lessonOf } from './distillation.ts';
import { quote } from '../quote.ts';

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
 * Trains on what a teacher says as well as on the labels: on classes by `distillationLoss`, on numbers by the task's
 * own loss from the labels and from the teacher's answers. The student is a new network where its architecture is
 * given, else the model as earlier passes left it.
 * @throws {RecipeError | ArgumentError} for options that cannot be.
 * @throws {ShapeError} for a teacher of another number of classes before anything is trained.
 *
 * @example
 * distill({ teacher: model, student: { type: 'sequential', layers: [...] }, temperature: 4, train: { epochs: 5 } })
 */
export function distill(options: DistillOptions = {}): Pass {
  const place = 'distill';
  optionsOf(place, options, optionNames);
  const { teacher: given = 'original', student, train } = options;
  if (options.temperature !== undefined) numberOption(place, 'temperature', options.temperature, { above: 0 });
  if (options.alpha !== undefined) numberOption(place, 'alpha', options.alpha, { least: 0, most: 1 });
  checkMix(options);
  if (given !== 'original' && !isModule(given))
    throw new RecipeError(place, `the teacher is ${quote(given)}; it must be a model, or 'original'`);
  const type: unknown = Reflect.get(Object(student) as object, 'type');
  if (student !== undefined && typeof type !== 'string')
    throw new RecipeError(place, `the student is ${quote(student)}; it must be the config of a module, with a type`);
  checkTraining(`${place}.train`, train);
  const { teacher: _, ...described } = options;
  const config: StepConfig = {
    type: 'distill',
    ...(described as object as { readonly [option: string]: Json }),
    teacher: given === 'original' ? given : 'given',
  };

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    const teacher = given === 'original' ? context.original : given;
    const device = model.parameters()[0]?.device;
    const seed = deriveSeed(context.seed, place);
    const learner = student ? build(student, { seed, ...(device && { device }) }) : model;
    if (learner === teacher)
      throw new RecipeError(place, 'the teacher is the model itself; give another teacher or a student');
    if (context.data?.train) {
      const { x } = await context.data.train.batch([0]);
      const outputOf = (each: Module): Shape => summaryOf(each, x.shape.slice(1), { dtype: x.dtype }).outputShape;
      checkSameClasses(outputOf(learner), outputOf(teacher));
    }
    const [teaching, learning] = [showCount(countParameters(teacher)), showCount(countParameters(learner))];
    const summary = `learn from a teacher of ${teaching} parameters with ${learning}`;
    let how = '';
    const loss = (task: TaskLoss): LossFunction => {
      const lesson = lessonOf(place, task, options);
      how = lesson.summary;
      return (output, target, { x }) =>
        lesson.loss(
          output,
          noGrad(() => teacher.call(x)),
          target,
          x,
        );
    };
    return {
      summary,
      apply: async () => {
        teacher.eval();
        return {
          model: learner,
          training: { loss },
          finalize: async (training) => ({ config, summary: `${summary}, ${how}${trainedFor(training)}`, details: {} }),
        };
      },
    };
  }

  const checkLoss = (task: TaskLoss): void => void lessonOf(place, task, options);
  return {
    config,
    train,
    checkLoss,
    needs: 'training',
    effects: student ? ['architecture', 'weights'] : ['weights'],
    plan,
  };
}

/** By what it can do: a module of another copy of the package is one too. */
function isModule(value: unknown): value is Module {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'forward') === 'function';
}
