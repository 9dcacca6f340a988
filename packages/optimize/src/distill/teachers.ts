/** Who a student learns from. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { satisfies } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { numberOption, optionsOf } from '../recipe/options.ts';

/** A model, or `original`: the model that the recipe started with. */
export type TeacherModel = Module | 'original';

/** One of several teachers. */
export interface TeacherOptions {
  readonly teacher: TeacherModel;
  /** How much it counts beside the others. Default: 1. */
  readonly weight?: number;
  /** What it is called in JSON and in messages; a recipe in JSON names it by this. Default: `given`. */
  readonly name?: string;
}

/** A teacher as it is listened to. */
export interface Teacher {
  readonly name: string;
  /** Absent for the model that the recipe started with. */
  readonly model?: Module;
  /** Those of all teachers add up to 1. */
  readonly weight: number;
}

/** Who teaches: teachers, or the student itself. */
export type TeacherChoice = TeacherModel | 'self' | readonly TeacherOptions[];

const wanted = "it must be a model, 'original', 'self', or a list of { teacher, weight }";

/**
 * The teachers of a choice; none where the student is its own.
 * @throws {RecipeError} for what is no teacher, and for weights that are none.
 */
export function teachersOf(place: string, choice: unknown): readonly Teacher[] {
  if (choice === 'self') return [];
  if (!Array.isArray(choice)) return [{ ...teacherOf(place, { teacher: choice }), weight: 1 }];
  if (choice.length === 0) throw new RecipeError(place, `the teachers are an empty list; ${wanted}`);
  const teachers = choice.map((each: unknown, index) => {
    const where = `${place}.teacher[${index}]`;
    optionsOf(where, each, ['teacher', 'weight', 'name']);
    return teacherOf(where, each as TeacherOptions);
  });
  const twice = teachers.find(
    ({ name }, index) => name !== 'given' && teachers.findIndex((each) => each.name === name) < index,
  );
  if (twice) throw new RecipeError(place, `two teachers are called ${quote(twice.name)}; give each a name of its own`);
  const sum = teachers.reduce((total, { weight }) => total + weight, 0);
  return teachers.map((each) => ({ ...each, weight: each.weight / sum }));
}

function teacherOf(
  place: string,
  { teacher, weight = 1, name }: { readonly [Name in keyof TeacherOptions]?: unknown },
): Teacher {
  if (teacher !== 'original' && !satisfies(aModule, teacher))
    throw new RecipeError(place, `the teacher is ${quote(teacher)}; ${wanted}`);
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new RecipeError(place, `name is ${quote(name)}; it must be a text`);
  numberOption(place, 'weight', weight, { above: 0, below: Infinity });
  const own = { weight: weight as number };
  if (teacher === 'original') return { name: 'original', ...own };
  return { name: name ?? 'given', model: teacher, ...own };
}
