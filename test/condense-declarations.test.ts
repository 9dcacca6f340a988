import { expect, it } from 'vitest';
import { condenseDeclarations, firstSentence } from '../tools/condense-declarations.mjs';

it('what is exported says so in its place, with the first sentence of its comment', () => {
  const bundle = `/**
 * Makes it, i.e. all of it. More of that.
 * @throws Error sometimes.
 */
declare function make(kind: "/** no comment */"): Internal;
/** Says nothing. */
interface Internal {
  /** Left out. */
  readonly a: number; // and this
}
/** How. */
interface MakeOptions {
  /** Kept: with its default. Default 3. */
  readonly size?: number;
  /** There all the same. */
  readonly kind: Internal;
}
/** Never constructed. */
declare class Made {}
declare const it$1: number;
export { type MakeOptions, type Made, make, it$1 as it };`;
  expect(condenseDeclarations(bundle)).toBe(`/** Makes it, i.e. all of it. */
export function make(kind: "/** no comment */"): Internal;
interface Internal {
	readonly a: number; }
export interface MakeOptions {
	/** Kept: with its default. */
	readonly size?: number;
	readonly kind: Internal;
}
/** Never constructed. */
declare class Made {}
declare const it$1: number;
export { type Made, it$1 as it };`);
});

it('declarations without a list of exports are refused', () => {
  expect(() => condenseDeclarations('declare const a: 1;')).toThrow('the list of exports is missing: bundle them anew');
});

it.each([
  ['A sentence. Another.', 'A sentence.'],
  ['An example:\n * ```ts\n * a();\n * ```', 'An example.'],
  ['@param a what', ''],
  [`Long: ${'words '.repeat(20)}end.`, `Long: ${'words '.repeat(20)}end.`],
  [`One that is long enough: ${'words '.repeat(20)}end.`, 'One that is long enough.'],
  [`Not (within: a parenthesis), but behind: ${'words '.repeat(20)}.`, 'Not (within: a parenthesis), but behind.'],
  [`Not \`within: code\`, but behind: ${'words '.repeat(20)}.`, 'Not `within: code`, but behind.'],
  [`Else at a comma, if need be, ${'words '.repeat(20)}.`, 'Else at a comma, if need be.'],
])('of %j remains %j', (comment, sentence) => {
  expect(firstSentence(`*\n * ${comment}\n `)).toBe(sentence);
});
