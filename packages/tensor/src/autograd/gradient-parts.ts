/** What gradient rules of others give. */
import { describe } from '../arguments/describe.ts';
import { satisfies } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * What a gradient rule gave for so many inputs.
 * @throws {ArgumentError} naming the op, unless that is a list with a tensor, or undefined for none, for each input.
 */
export function gradientParts(name: string, gave: unknown, arity: number): readonly (Tensor | undefined)[] {
  const isPart = (part: unknown): boolean => part === undefined || satisfies(aTensor, part);
  if (Array.isArray(gave) && gave.length === arity && gave.every(isPart))
    return gave as readonly (Tensor | undefined)[];
  throw new ArgumentError(
    name,
    `its gradient gave ${describe(gave)}; it must be a list of ${arity}, a tensor each, or undefined where an input has none`,
  );
}
