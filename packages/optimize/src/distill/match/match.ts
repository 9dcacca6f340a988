/** What is wanted of a place inside a student: that it gives what a place inside its teacher gives. */
import { RecipeError } from '../../errors.ts';
import { quote } from '../../quote.ts';
import { optionsOf } from '../../recipe/options.ts';
import { checkCourse, type Course } from '../course.ts';
import { matchLoss, matchLosses } from './losses.ts';

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
