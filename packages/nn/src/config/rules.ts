/** What arguments and options of this package have to be, beside the rules of `@espalier/tensor`. */
import { isFloat, type Shape, type Tensor } from '@espalier/tensor';
import { aCount, aFunction, aTensor, aText, listOf, ruleOf, type Rule } from '@espalier/tensor/arguments';
import type { LossFunction } from '../loss/loss.ts';

/** Whether a value has methods, since an object of another copy of the package is as good as one of this. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return Object(value) === value && names.every((name) => typeof Reflect.get(value as object, name) === 'function');
}

/** A loss. */
export const aLoss: Rule<LossFunction> = ruleOf("a loss, such as crossEntropy or loss('mse')", aFunction.holds);

/** What a loss gives. Of a whole number all gradients would be 0. */
export const aLossValue: Rule<Tensor> = ruleOf(
  'a tensor of one float',
  (value) => aTensor.holds(value) && value.size === 1 && isFloat(value.dtype),
);

/** A seed. */
export const aSeed: Rule<number> = ruleOf('an integer', Number.isSafeInteger);

/** A shape. */
export const aShape: Rule<Shape> = ruleOf('a shape, such as [784] or [1, 28, 28]', listOf(aCount).holds);

/** Numbers by position: an array, or a typed one. */
export const numbers: Rule<ArrayLike<number>> = ruleOf(
  'an array of numbers',
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
);

/** Bytes. */
export const aByteArray: Rule<Uint8Array> = ruleOf('a Uint8Array', (value) => value instanceof Uint8Array);

/** Values by name. */
export function mapOf<T>(element: Rule<T>): Rule<ReadonlyMap<string, T>> {
  return ruleOf(`a map from names to ${element.is}`, (value) => {
    if (!(value instanceof Map)) return false;
    for (const [name, each] of value) if (!aText.holds(name) || !element.holds(each)) return false;
    return true;
  });
}

/** A number for which more has to hold, in words and as a test. */
export function numberThat(is: string, holds: (value: number) => boolean): Rule<number> {
  return ruleOf(`a number ${is}`.trim(), (value) => typeof value === 'number' && holds(value));
}

/** An integer of at least `least`. */
export function integerFrom(least: number): Rule<number> {
  return ruleOf(
    `an integer of at least ${least}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least,
  );
}
