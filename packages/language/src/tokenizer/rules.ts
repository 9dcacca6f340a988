/** What a tokenizer among arguments has to be. */
import { ruleOf, type Rule } from '@espalier/tensor/arguments';
import type { Tokenizer } from './tokenizer.ts';

/** A tokenizer. */
export const aTokenizer: Rule<Tokenizer> = ruleOf('a tokenizer, as createTokenizer gives one', (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { encode, decode, stream, specials } = value as Partial<Record<keyof Tokenizer, unknown>>;
  return [encode, decode, stream].every((each) => typeof each === 'function') && typeof specials === 'object';
});
