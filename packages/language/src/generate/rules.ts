/** What arguments of generation have to be. */
import { ruleOf, type Rule } from '@espalier/tensor/arguments';

/** Ids of a prompt. */
export type Prompt = readonly number[] | Int32Array;

/** Ids are numbers of 32 bits where a model looks them up. */
const isId = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;

// Places of an array that nothing is in are looked at, too.
const isPrompt = (value: unknown): boolean =>
  value instanceof Int32Array
    ? value.every(isId)
    : Array.isArray(value) && (value as readonly unknown[]).findIndex((id) => !isId(id)) === -1;

/** One prompt, or several. */
export const somePrompts: Rule<Prompt | readonly Prompt[]> = ruleOf(
  'ids of tokens, whole numbers from 0, in an array or an Int32Array, or an array of several such',
  (value) =>
    isPrompt(value) ||
    (Array.isArray(value) && (value as readonly unknown[]).findIndex((each) => !isPrompt(each)) === -1),
);
