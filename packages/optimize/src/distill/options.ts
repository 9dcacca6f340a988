/** What distillation can be told. */
import type { Module, ModuleConfig } from '@espalier/nn';
import { satisfies } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { oneOf, optionsOf } from '../recipe/options.ts';
import type { TrainingConfig } from '../recipe/training-config.ts';
import { aTeacherCache, type TeacherCache } from './cache/teacher-cache.ts';
import { checkCourse, type Course } from './course.ts';
import { checkExits, type ExitOptions } from './exits.ts';
import { checkMatches, type MatchOptions } from './match/match.ts';
import { teachersOf, type Teacher, type TeacherChoice } from './teachers.ts';

/** What becomes of a teacher that is no better than its student. */
export type WeakTeacher = 'ignore' | 'refuse' | 'use';

/** How several teachers speak: each by a loss of its own, or as one whose logits are the mean of theirs. */
export type TeacherChorus = 'losses' | 'logits';

/** What a student is told. */
export interface LessonOptions {
  /**
   * The model to learn from, or several. It is put into evaluation and never changed. `original`, the default, is the model the
   * recipe started with; with `self` the student learns from its own end, at `exits` and by `matches` of its own places.
   */
  readonly teacher?: TeacherChoice;
  /** Divides the logits of both. Default: 4. */
  readonly temperature?: Course;
  /** Share of the teacher's part; the rest is the labels'. Default: 0.9. */
  readonly alpha?: Course;
  /** A label whose place does not count. */
  readonly ignoreIndex?: number;
  /** Pairs of places of which the student's is to give what the teacher's gives. */
  readonly matches?: readonly MatchOptions[];
  /** Places of the student at which a head of its own learns what its end learns. */
  readonly exits?: readonly ExitOptions[];
  /** Default: `losses`. */
  readonly chorus?: TeacherChorus;
  /**
   * What becomes of a teacher that is worse than its student on `data.validate` before training; without such data nobody looks.
   * `ignore`, the default, does without it, and gives a notice; `refuse` throws; `use` does not look.
   */
  readonly weakTeacher?: WeakTeacher;
  /** Where the answers of teachers are kept, for examples that are the same whenever they are read. Default: nowhere. */
  readonly cache?: TeacherCache;
}

/** Options of distillation. */
export interface DistillOptions extends LessonOptions {
  /**
   * The architecture of a new network that learns; `again` is that of the model. Default: the model itself learns, with its
   * masks. Source of `again`: T. Furlanello et al., "Born again neural networks", ICML 2018.
   */
  readonly student?: ModuleConfig | 'again';
  /** Default: the usual. */
  readonly train?: TrainingConfig;
}

const lessonNames = [
  'teacher',
  'temperature',
  'alpha',
  'ignoreIndex',
  'matches',
  'exits',
  'chorus',
  'weakTeacher',
  'cache',
] as const;

/** The options of a lesson, and who teaches. */
export interface CheckedLesson extends LessonOptions {
  /** None where the student is its own teacher. */
  readonly teachers: readonly Teacher[];
}

/** @throws {RecipeError} for options that cannot be. */
export function checkLesson<Options extends LessonOptions>(
  place: string,
  options: Options,
  more: readonly string[] = [],
): Options & CheckedLesson {
  optionsOf(place, options, [...lessonNames, ...more]);
  const { teacher = 'original', temperature, alpha, ignoreIndex, matches, exits, chorus, weakTeacher, cache } = options;
  const teachers = teachersOf(place, teacher);
  if (temperature !== undefined) checkCourse(place, 'temperature', temperature, { above: 0, below: Infinity });
  if (alpha !== undefined) checkCourse(place, 'alpha', alpha, { least: 0, most: 1 });
  if (ignoreIndex !== undefined && !Number.isSafeInteger(ignoreIndex))
    throw new RecipeError(place, `ignoreIndex is ${quote(ignoreIndex)}; it must be a whole number`);
  if (matches !== undefined) checkMatches(`${place}.matches`, matches, Math.max(1, teachers.length));
  if (exits !== undefined) checkExits(`${place}.exits`, exits);
  if (chorus !== undefined) oneOf(place, 'chorus', chorus, ['losses', 'logits']);
  if (weakTeacher !== undefined) oneOf(place, 'weakTeacher', weakTeacher, ['ignore', 'refuse', 'use']);
  if (cache !== undefined && !satisfies(aTeacherCache, cache))
    throw new RecipeError(place, `cache is ${quote(cache)}; it must be ${aTeacherCache.is}`);
  if (teacher === 'self' && !matches?.length && !exits?.length)
    throw new RecipeError(
      place,
      'the teacher is the student itself, which learns nothing from its own end; give exits or matches',
    );
  if (teacher === 'self' && cache)
    throw new RecipeError(
      place,
      'the teacher is the student itself, whose answers change in training; leave out cache',
    );
  return { ...options, teachers };
}

/** @throws {RecipeError} unless the student is the config of a module, or `again`. */
export function checkStudent(place: string, student: unknown): void {
  if (student === undefined || student === 'again') return;
  const type: unknown = Reflect.get(Object(student) as object, 'type');
  if (typeof type !== 'string')
    throw new RecipeError(
      place,
      `the student is ${quote(student)}; it must be the config of a module, with a type, or 'again'`,
    );
}

/** A teacher's model. */
export function modelOf({ model }: Teacher, original: Module): Module {
  return model ?? original;
}
