/** Numbers that move in the course of a training: temperatures and weights of losses. */
import { full, type Device, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { numberOption, oneOf, optionsOf, type NumberBounds } from '../recipe/options.ts';

/** How a number goes from one value to another. */
export type CourseShape = 'linear' | 'cosine';

/** A number that moves. Times are fractions of the training. */
export interface CourseOptions {
  readonly from: number;
  readonly to: number;
  /** Along a line (the default), or along half a cosine. */
  readonly shape?: CourseShape;
  /** When it begins to move. Default: 0. */
  readonly begin?: number;
  /** When it has arrived. Default: 1. */
  readonly end?: number;
}

/** A number that stays as it is, or one that moves. */
export type Course = number | CourseOptions;

/** The share of the way, at a share of the time between begin and end. */
const curves: Readonly<Record<CourseShape, (time: number) => number>> = {
  linear: (time) => time,
  cosine: (time) => (1 - Math.cos(Math.PI * time)) / 2,
};

/** @throws {RecipeError} unless it is a number inside the bounds, or goes from one such number to another. */
export function checkCourse(place: string, name: string, course: unknown, bounds: NumberBounds): void {
  if (typeof course !== 'object' || course === null) {
    numberOption(place, name, course, bounds);
    return;
  }
  optionsOf(`${place}.${name}`, course, ['from', 'to', 'shape', 'begin', 'end']);
  const { from, to, shape = 'linear', begin = 0, end = 1 } = course as CourseOptions;
  numberOption(`${place}.${name}`, 'from', from, bounds);
  numberOption(`${place}.${name}`, 'to', to, bounds);
  oneOf(`${place}.${name}`, 'shape', shape, Object.keys(curves) as CourseShape[]);
  numberOption(`${place}.${name}`, 'begin', begin, { least: 0, most: 1 });
  numberOption(`${place}.${name}`, 'end', end, { least: 0, most: 1 });
  if (begin > end) throw new RecipeError(`${place}.${name}`, `it ends at ${quote(end)}, before it begins at ${begin}`);
}

/** The number at a step of a training, counted from 0. The last step is at time 1. */
export function courseAt(course: Course, step: number, steps: number): number {
  if (typeof course === 'number') return course;
  const { from, to, shape = 'linear', begin = 0, end = 1 } = course;
  const time = steps > 1 ? step / (steps - 1) : 1;
  if (time >= end) return to;
  return time <= begin ? from : from + (to - from) * curves[shape]((time - begin) / (end - begin));
}

/** A course in words: `4`, `8 to 2`. */
export function showCourse(course: Course): string {
  if (typeof course === 'number') return String(course);
  const { from, to, shape = 'linear' } = course;
  return `${from} to ${to}${shape === 'linear' ? '' : ` by ${shape}`}`;
}

/** A number of a training that is recorded: one that moves is a tensor, which gets its value before each step. */
export class Dial {
  readonly course: Course;
  readonly #tensor: Tensor | undefined;

  constructor(course: Course, device: Device) {
    this.course = course;
    if (typeof course !== 'number') this.#tensor = full([], courseAt(course, 0, 2), { device }).realizeSync();
  }

  /** What losses compute with. */
  get value(): number | Tensor {
    return this.#tensor ?? (this.course as number);
  }

  /** Sets it to its value of a step. */
  turn(step: number, steps: number): void {
    const tensor = this.#tensor;
    tensor?.assign(full([], courseAt(this.course, step, steps), { device: tensor.device }));
  }
}
