/** The distillation pass. */
import { build, countParameters, deriveSeed, type Json, type Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import type { Pass, PassContext, PassPlan, StepConfig } from '../recipe/pass.ts';
import type { TaskLoss } from '../recipe/task-loss.ts';
import { checkTraining, trainedFor } from '../recipe/training.ts';
import { showCount } from '../report/format.ts';
import { taskLesson } from './distillation.ts';
import { Lesson } from './lesson.ts';
import type { TeacherOptions } from './teachers.ts';
import { checkLesson, checkStudent, modelOf, type CheckedLesson, type DistillOptions } from './options.ts';

/**
 * Trains on what a teacher says as well as on the labels: on classes by `distillationLoss`, on numbers by the task's
 * own loss from the labels and from the teacher's answers; and, where `matches` ask for it, on what the teacher has inside. The
 * student is a new network where its architecture is given, else the model as earlier passes left it. A teacher that is worse
 * than its student before training is not listened to.
 * @throws {RecipeError | ArgumentError} for options that cannot be.
 * @throws {ShapeError} for a teacher of another number of classes before anything is trained.
 *
 * @example
 * distill({ teacher: model, student: { type: 'sequential', layers: [...] }, temperature: 4, train: { epochs: 5 } })
 */
export function distill(options: DistillOptions = {}): Pass {
  const place = 'distill';
  const { student, train, ...lesson } = checkLesson(place, options, ['student', 'train']);
  checkStudent(place, student);
  checkTraining(`${place}.train`, train);
  const config = describe(options, lesson);

  async function plan(model: Module, context: PassContext): Promise<PassPlan> {
    const teachers = lesson.teachers.map((teacher) => modelOf(teacher, context.original));
    const [first] = model.parameters();
    const like = first && { dtype: first.dtype, device: first.device };
    const seed = deriveSeed(context.seed, place);
    const architecture = student === 'again' ? model.config() : student;
    const learner = architecture ? build(architecture, { seed, ...like }) : model;
    if (teachers.includes(learner))
      throw new RecipeError(place, "the teacher is the model itself; give another teacher, a student, or 'self'");
    const taught = await Lesson.of({ place, learner, teachers, data: context.data, seed }, lesson);
    const learning = showCount(countParameters(learner));
    const summary =
      teachers.length === 0
        ? `learn from its own end with ${learning} parameters`
        : `learn from ${showTeachers(teachers)} with ${learning}`;
    return {
      summary,
      apply: async () => ({
        model: learner,
        training: taught,
        finalize: async (training) => ({
          config,
          summary: `${summary}, ${taught.summary}${trainedFor(training)}`,
          details: taught.records as object as Json,
        }),
      }),
    };
  }

  const models = lesson.teachers.flatMap(({ model }) => model ?? []);
  return {
    config,
    train,
    ...(models.length > 0 && { models }),
    checkLoss: (task) => checkTask(place, lesson, task),
    needs: 'training',
    effects: student ? ['architecture', 'weights'] : ['weights'],
    plan,
  };
}

/** What a recipe in JSON says of it: neither models nor where answers are kept. */
function describe(options: DistillOptions, { teachers }: CheckedLesson): StepConfig {
  const { teacher, cache: _, ...described } = options;
  const name = (model: unknown): string => (model === undefined ? 'original' : 'given');
  const listOf = (listed: readonly TeacherOptions[]): Json =>
    listed.map(({ weight, name: called }, index) => ({
      teacher: name(teachers[index]?.model),
      ...(called !== undefined && { name: called }),
      ...(weight !== undefined && { weight }),
    }));
  const [first] = teachers;
  return {
    type: 'distill',
    ...(described as object as { readonly [option: string]: Json }),
    teacher: Array.isArray(teacher) ? listOf(teacher as readonly TeacherOptions[]) : first ? name(first.model) : 'self',
  };
}

function showTeachers(teachers: readonly Module[]): string {
  const counts = teachers.map((teacher) => showCount(countParameters(teacher)));
  return teachers.length === 1
    ? `a teacher of ${counts.join('')} parameters`
    : `${teachers.length} teachers of ${counts.join(', ')} parameters`;
}

/** @throws {RecipeError} for a task that nothing can be taught in. */
function checkTask(place: string, { temperature, alpha = 0.9, ignoreIndex }: CheckedLesson, task: TaskLoss): void {
  const at = (course: typeof alpha): number => (typeof course === 'number' ? course : 0.5);
  taskLesson(place, task, { temperature: 4, alpha: at(alpha), ignoreIndex, isSoftened: temperature !== undefined });
}
