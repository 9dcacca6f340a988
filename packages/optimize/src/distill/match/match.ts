/** What is wanted of a place inside a student: that it gives what a place inside its teacher gives. */
import type { Module } from '@espalier/nn';
import { dryRun, type Shape, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../../errors.ts';
import { quote } from '../../quote.ts';
import { optionsOf } from '../../recipe/options.ts';
import { checkCourse, Dial, type Course } from '../course.ts';
import { matchLoss, matchLosses, type MatchLossType } from './losses.ts';
import { atSamePlaces, featureAxis, projection, type ProjectionSite } from './projection.ts';

/** A pair of places, and how far what they give is apart. */
export interface MatchOptions {
  /** Dotted name of the teacher's module: `encoder.3`; empty for the teacher's output. */
  readonly teacher: string;
  /** Dotted name of the student's. */
  readonly student: string;
  /** One of `matchLosses`. Default: `mse`. */
  readonly loss?: string;
  /** What the loss is multiplied with. Default: 1. */
  readonly weight?: Course;
  /**
   * Whether a linear map, learned with the student and thrown away, brings the student's features to the teacher's. Default:
   * where the loss compares features, and there are not as many.
   */
  readonly project?: boolean;
  /** Which of several teachers, counted from 0. Default: the first. */
  readonly of?: number;
}

/** @throws {RecipeError} unless it is a list of pairs of places. */
export function checkMatches(place: string, matches: unknown, teachers: number): void {
  if (!Array.isArray(matches))
    throw new RecipeError(place, `is ${quote(matches)}; it must be a list such as [{ teacher: '3', student: '1' }]`);
  for (const [index, match] of matches.entries()) checkMatch(`${place}[${index}]`, match, teachers);
}

function checkMatch(place: string, match: unknown, teachers: number): void {
  optionsOf(place, match, ['teacher', 'student', 'loss', 'weight', 'project', 'of']);
  const given = match as Readonly<Record<keyof MatchOptions, unknown>>;
  checkPlaceName(place, 'teacher', given.teacher);
  checkPlaceName(place, 'student', given.student);
  if (given.loss !== undefined && !matchLoss(given.loss))
    throw new RecipeError(place, `loss is ${quote(given.loss)}; it must be one of ${matchLosses.join(', ')}`);
  if (given.weight !== undefined) checkCourse(place, 'weight', given.weight, { least: 0 });
  if (given.project !== undefined && typeof given.project !== 'boolean')
    throw new RecipeError(place, `project is ${quote(given.project)}; it must be true or false`);
  const of = given.of ?? 0;
  if (!Number.isInteger(of) || (of as number) < 0 || (of as number) >= teachers)
    throw new RecipeError(
      place,
      `of is ${quote(of)}; there ${teachers === 1 ? 'is 1 teacher' : `are ${teachers} teachers`}, counted from 0`,
    );
}

/** @throws {RecipeError} unless it is a text. */
export function checkPlaceName(place: string, option: string, name: unknown): void {
  if (typeof name !== 'string')
    throw new RecipeError(
      place,
      `${option} is ${quote(name)}; it must be the dotted name of a module, such as '3.body'`,
    );
}

/** Whether a projection would bring one to the width of the other. */
function isOfOtherWidth(student: Shape, teacher: Shape): boolean {
  return student.length === teacher.length && student[featureAxis(student)] !== teacher[featureAxis(teacher)];
}

/** A match of places whose shapes are known. */
export class Match {
  readonly options: MatchOptions;
  readonly weight: Dial;
  /** Brings the student's features to the teacher's. */
  readonly projection: Module | undefined;
  readonly #type: MatchLossType;

  /**
   * Of places that give certain shapes for a batch of two.
   * @throws {RecipeError} where the loss does not take them.
   */
  constructor(place: string, options: MatchOptions, [student, teacher]: readonly [Shape, Shape], site: ProjectionSite) {
    const { weight = 1, loss = 'mse', project } = options;
    this.options = options;
    this.weight = new Dial(weight, site.device);
    this.#type = matchLoss(loss) as MatchLossType;
    const isProjected = project ?? (this.#type.compares === 'features' && isOfOtherWidth(student, teacher));
    this.projection = isProjected ? projection(student, teacher, site) : undefined;
    this.#check(place, student, teacher, site);
  }

  /** How far what they give is apart, times the weight. */
  loss(student: Tensor, teacher: Tensor): Tensor {
    return this.#compare(student, teacher.detach()).mul(this.weight.value);
  }

  /** What is matched, in words. */
  get words(): string {
    const { student, teacher } = this.options;
    return `${this.#type.type} of ${quote(student)} to ${quote(teacher)}`;
  }

  #compare(student: Tensor, teacher: Tensor): Tensor {
    const own = this.projection ? this.projection.call(student) : student;
    return this.#type.loss(...atSamePlaces(own, teacher));
  }

  #check(place: string, student: Shape, teacher: Shape, { device, dtype }: ProjectionSite): void {
    const { type } = this.#type;
    const refuse = (reason: string): never => {
      const { student: own, teacher: others } = this.options;
      throw new RecipeError(
        place,
        `${quote(own)} of the student gives [${student.join(', ')}] for two examples, ${quote(others)} of the teacher [${teacher.join(', ')}], which ${type} does not take: ${reason}`,
      );
    };
    const inputs = [student, teacher].map((shape) => ({ shape, dtype, device }));
    let rank: number;
    try {
      rank = dryRun(inputs, (own, others) => this.#compare(own, others).rank);
    } catch (error) {
      return refuse((error as Error).message);
    }
    if (rank > 0) refuse(`it gives a tensor of rank ${rank}; it must give one number`);
  }
}
