/** What formats share: making the arrays of a matrix, finding them by name, and saying what is wrong with some. */
import { describe } from '../arguments/describe.ts';
import { satisfies, type Rule } from '../arguments/rules.ts';
import type { DType, TypedArray } from '../dtype/dtype.ts';
import { InternalError } from '../errors.ts';
import type { EncodedSettings } from '../kernel/spec.ts';
import { sameShape, showShape } from '../shape/shape.ts';
import type { EncodedArray } from './format.ts';

/** An array in JavaScript memory. */
export function array(dtype: DType, shape: readonly number[], data: TypedArray): EncodedArray {
  return { dtype, shape, data };
}

/** One of the arrays of a matrix; that all are there was seen when it was put together. */
export function named<T>(arrays: Readonly<Record<string, T>>, name: string): T {
  const found = arrays[name];
  if (found === undefined) throw new InternalError('encoded', `a matrix without its array '${name}'`);
  return found;
}

/** What is wrong with an array that should be of a dtype and a shape (-1: of any size), if anything is. */
export function flawOfArray(
  name: string,
  { dtype, shape }: EncodedArray,
  wantedDType: DType,
  wantedShape: readonly number[],
): string | undefined {
  const sizes = wantedShape.map((size, axis) => (size === -1 ? (shape[axis] ?? -1) : size));
  return dtype === wantedDType && sameShape(shape, sizes)
    ? undefined
    : `${name} is ${dtype} ${showShape(shape)}; it must be ${wantedDType} ${showShape(wantedShape).replaceAll('-1', 'n')}`;
}

/** What is wrong with scales: each is a positive number. */
export function flawOfScales(name: string, { data }: EncodedArray): string | undefined {
  const wrong = data.findIndex((scale) => !(scale > 0 && scale < Infinity));
  return wrong < 0 ? undefined : `${name}[${wrong}] is ${data[wrong]}; a scale is a positive number`;
}

/** What is wrong with numbers of which each is finite. */
export function flawOfFinite(name: string, { data }: EncodedArray): string | undefined {
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  return wrong < 0 ? undefined : `${name}[${wrong}] is ${data[wrong]}; it must be finite`;
}

/** What is wrong with a setting that has to hold a rule. */
export function flawOfSetting(settings: EncodedSettings, name: string, must: Rule<unknown>): string | undefined {
  return satisfies(must, settings[name])
    ? undefined
    : `its setting ${name} is ${describe(settings[name])}; it must be ${must.is}`;
}
