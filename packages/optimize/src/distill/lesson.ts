/** All that a student is told in a training, as one loss. */
import { deriveSeed, unweighted, type Dataset, type LossFunction, type Module, type Tap } from '@espalier/nn';
import { warnOnce, type Device, type Shape, type Tensor, type TensorType } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import type { OptimizationData } from '../recipe/data.ts';
import type { TaskLoss } from '../recipe/task-loss.ts';
import { Dial, showCourse } from './course.ts';
import { checkSameClasses } from './distillation-loss.ts';
import { taskLesson, type TaskLesson } from './distillation.ts';
import { Exit } from './exits.ts';
import { Hearing } from './hearing.ts';
import { Match } from './match/match.ts';
import type { ProjectionSite } from './match/projection.ts';
import type { CheckedLesson } from './options.ts';
import { outputPlace, Places, typesOf, type Answers, type PlaceTypes } from './places.ts';
import { isWeak, standingOf, weakness, type Standing } from './weak-teacher.ts';

/** Who learns, and what there is to learn from. */
export interface LessonSite {
  readonly place: string;
  readonly learner: Module;
  /** The models of the teachers, in their order. */
  readonly teachers: readonly Module[];
  readonly data: OptimizationData | undefined;
  readonly seed: number;
}

/** How a teacher stood before training, for records. */
export interface TeacherRecord {
  readonly name: string;
  readonly weight: number;
  readonly isHeard: boolean;
  readonly standing: Standing | null;
}

/** A part of a training: see `TrainingPart`. */
export class Lesson {
  readonly #options: CheckedLesson;
  readonly #site: LessonSite;
  readonly #places: Places;
  readonly #temperature: Dial;
  readonly #alpha: Dial;
  readonly #hearings: readonly Hearing[];
  readonly #matches: readonly Match[];
  readonly #exits: readonly Exit[];
  /** Those that have something to teach. */
  #heard: readonly Hearing[];
  #standings: ReadonlyMap<Hearing, Standing> = new Map();
  #studentStanding: Standing | undefined;
  #how = '';

  private constructor(site: LessonSite, options: CheckedLesson, x: TensorType & { readonly device: Device }) {
    const { place, learner, seed } = site;
    const { matches = [], exits = [], temperature = 4, alpha = 0.9, teachers } = options;
    this.#site = site;
    this.#options = options;
    this.#temperature = new Dial(temperature, x.device);
    this.#alpha = new Dial(alpha, x.device);
    this.#hearings = teachers.map(
      (teacher, index) =>
        new Hearing(
          place,
          index,
          { ...teacher, model: site.teachers[index] as Module },
          matches.filter(({ of = 0 }) => of === index).map((match) => match.teacher),
        ),
    );
    this.#heard = this.#hearings;
    const isSelf = teachers.length === 0;
    const names = new Set([
      outputPlace,
      ...matches.flatMap((match) => (isSelf ? [match.student, match.teacher] : [match.student])),
      ...exits.map(({ at }) => at),
    ]);
    this.#places = new Places(place, names);
    const own = typesOf(place, 'student', learner, names, x);
    const taught = this.#hearings.map((hearing) => hearing.typesFor(x));
    for (const types of taught) checkSameClasses(shapeAt(own, outputPlace), shapeAt(types, outputPlace));
    const siteOf = (name: string, at: string): ProjectionSite => ({
      seed: deriveSeed(seed, name),
      device: x.device,
      dtype: own.get(at)?.dtype ?? 'f32',
    });
    this.#matches = matches.map((match, index) => {
      const where = `${place}.matches[${index}]`;
      const { student, teacher, of = 0 } = match;
      const shapes = [shapeAt(own, student), shapeAt(taught[of] ?? own, teacher)] as const;
      return new Match(where, match, shapes, siteOf(where, student));
    });
    this.#exits = exits.map((exit, index) => {
      const made = siteOf(`${place}.exits[${index}]`, exit.at);
      return new Exit(exit, shapeAt(own, exit.at), shapeAt(own, outputPlace), made);
    });
  }

  /**
   * A lesson on examples like those of `data.train`.
   * @throws {RecipeError} for places that there are not, and for matches of what cannot be compared.
   * @throws {ShapeError} for a teacher of another number of classes.
   */
  static async of(site: LessonSite, options: CheckedLesson): Promise<Lesson> {
    if (!site.data?.train) throw new RecipeError(site.place, 'needs data for training; give data.train');
    const { x, y } = await site.data.train.batch([0]);
    const { shape, dtype, device } = x;
    for (const tensor of [x, y]) tensor.dispose();
    return new Lesson(site, options, { shape, dtype, device });
  }

  get taps(): readonly Tap[] {
    return this.#matches.length + this.#exits.length > 0 ? this.#places.taps : [];
  }

  /** Projections and heads. */
  get companions(): ReadonlyMap<string, Module> {
    const projections = this.#heardMatches().map((match): readonly [string, Module | undefined] => [
      `projection${this.#matches.indexOf(match)}`,
      match.projection,
    ]);
    const heads = this.#exits.map(({ head }, index) => [`exit${index}`, head] as const);
    return new Map([...projections, ...heads].flatMap(([name, module]) => (module ? [[name, module]] : [])));
  }

  /** Sees which teachers have something to teach, and gives the examples, with answers that are kept. */
  async prepare(task: TaskLoss, train: Dataset): Promise<Dataset> {
    for (const { model } of this.#hearings) model.eval();
    await this.#chooseTeachers(task);
    const { cache } = this.#options;
    let data = train;
    if (cache) for (const hearing of this.#heard) data = await hearing.with(data, cache);
    return data;
  }

  beforeStep(step: number, steps: number): void {
    const weights = [...this.#matches, ...this.#exits].map(({ weight }) => weight);
    for (const dial of [this.#temperature, this.#alpha, ...weights]) dial.turn(step, steps);
  }

  /** A loss of outputs, and of what places gave in the call that made them. */
  loss(task: TaskLoss): LossFunction {
    const lesson = this.taskLesson(task);
    this.#how = this.#inWords(task);
    return (output, labels, { x }) => {
      const seen = this.#places.take();
      const answers = new Map(this.#heard.map((hearing) => [hearing, hearing.answersTo(x)] as const));
      const isSelf = this.#hearings.length === 0;
      const hard = (said: Tensor): Tensor => lesson.alone(said, labels, { x });
      const taught = (said: Tensor): Tensor =>
        this.#heard.length === 0 ? hard(said) : this.#fromTeachers(lesson, said, answers, labels, x);
      let total = taught(output);
      // Who judges outputs alone, such as a validation, has not seen where they come from.
      if (!seen) return total;
      for (const exit of this.#exits) {
        const said = exit.says(seen.get(exit.at) as Tensor, output.shape);
        const told = isSelf ? lesson.loss(said, output.detach(), labels, x) : taught(said);
        total = total.add(told.mul(exit.weight.value));
      }
      for (const match of this.#heardMatches()) {
        const teacher = this.#teacherOf(match);
        const from = (teacher ? answers.get(teacher) : seen) as Answers;
        const { options } = match;
        total = total.add(match.loss(seen.get(options.student) as Tensor, from.get(options.teacher) as Tensor));
      }
      return total;
    };
  }

  /** @throws {RecipeError} for a task that nothing can be taught in. */
  taskLesson(task: TaskLoss): TaskLesson {
    const { temperature, ignoreIndex } = this.#options;
    return taskLesson(this.#site.place, task, {
      temperature: this.#temperature.value,
      alpha: this.#alpha.value,
      ignoreIndex,
      isSoftened: temperature !== undefined,
    });
  }

  /** What is taught how, for reports. */
  get summary(): string {
    return this.#how;
  }

  /** How teachers and student stood before training. */
  get records(): { readonly student: Standing | null; readonly teachers: readonly TeacherRecord[] } {
    const teachers = this.#hearings.map((hearing) => ({
      name: hearing.name,
      weight: hearing.weight,
      isHeard: this.#heard.includes(hearing),
      standing: this.#standings.get(hearing) ?? null,
    }));
    return { student: this.#studentStanding ?? null, teachers };
  }

  #heardMatches(): Match[] {
    return this.#matches.filter((match) => {
      const teacher = this.#teacherOf(match);
      return !teacher || this.#heard.includes(teacher);
    });
  }

  /** Undefined where the student is its own. */
  #teacherOf({ options: { of = 0 } }: Match): Hearing | undefined {
    return this.#hearings[of];
  }

  #fromTeachers(
    lesson: TaskLesson,
    said: Tensor,
    answers: ReadonlyMap<Hearing, Answers>,
    labels: Tensor,
    x: Tensor,
  ): Tensor {
    const sum = this.#heard.reduce((total, { weight }) => total + weight, 0);
    const outputOf = (hearing: Hearing): Tensor => answers.get(hearing)?.get(outputPlace) as Tensor;
    const mean = (of: (hearing: Hearing) => Tensor): Tensor => {
      const [first, ...others] = this.#heard.map((hearing): readonly [Tensor, number] => [
        of(hearing),
        hearing.weight / sum,
      ]);
      const [value, weight] = first as readonly [Tensor, number];
      if (others.length === 0) return value;
      return others.reduce((total, [each, share]) => total.add(each.mul(share)), value.mul(weight));
    };
    if (this.#options.chorus === 'logits') return lesson.loss(said, mean(outputOf), labels, x);
    return mean((hearing) => lesson.loss(said, outputOf(hearing), labels, x));
  }

  async #chooseTeachers(task: TaskLoss): Promise<void> {
    const { place, learner, data } = this.#site;
    const { weakTeacher = 'ignore' } = this.#options;
    const validate = data?.validate;
    if (weakTeacher === 'use' || !validate || validate.size === 0 || this.#hearings.length === 0) return;
    const { alone } = this.taskLesson({ ...task, of: unweighted(task.of) });
    const student = await standingOf(learner, validate, alone);
    const standings = new Map<Hearing, Standing>();
    for (const hearing of this.#hearings) standings.set(hearing, await standingOf(hearing.model, validate, alone));
    this.#studentStanding = student;
    this.#standings = standings;
    this.#heard = this.#hearings.filter((hearing) => !isWeak(standings.get(hearing) as Standing, student));
    for (const hearing of this.#hearings) {
      if (this.#heard.includes(hearing)) continue;
      const what = weakness(hearing.name, standings.get(hearing) as Standing, student, validate.size);
      if (weakTeacher === 'refuse') throw new RecipeError(place, `${what}; give a better teacher, or none`);
      const left =
        this.#heard.length === 0 ? 'the student learns from the labels alone' : 'the student learns from the others';
      warnOnce(
        hearing.model,
        `${place}: ${what}; it is not listened to, and ${left} (weakTeacher: 'use' listens to it all the same)`,
      );
    }
  }

  #inWords({ name }: TaskLoss): string {
    const { temperature = 4, alpha = 0.9 } = this.#options;
    const share = `α = ${showCourse(alpha)}`;
    const isTaught = this.#heard.length > 0;
    const said =
      name === 'cross-entropy'
        ? `T = ${showCourse(temperature)}, ${share}`
        : `${name ?? 'its loss'} to its answers, ${share}`;
    const matches = this.#heardMatches().map(({ words }) => words);
    const exits = this.#exits.map(({ at }) => `an exit at ${quote(at)}`);
    const parts = [...(isTaught || this.#exits.length > 0 ? [said] : []), ...matches, ...exits];
    return isTaught || this.#hearings.length === 0
      ? parts.join(', ')
      : ['from the labels alone, since no teacher is better than its student', ...exits].join(', ');
  }
}

function shapeAt(types: PlaceTypes, at: string): Shape {
  return types.get(at)?.shape ?? [];
}
