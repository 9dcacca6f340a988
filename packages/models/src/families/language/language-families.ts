/** The families of language models that are known. */
import { ConfigError } from '@espalier/nn';
import { bertFamily } from './bert-files.ts';
import { gpt2Family } from './gpt2-files.ts';
import type { LanguageFamily } from './language-family.ts';
import { llamaFamily } from './llama-files.ts';

/** All of them. */
export const languageFamilies: readonly LanguageFamily[] = [llamaFamily, gpt2Family, bertFamily];

/**
 * A family by its type.
 * @throws {ConfigError} for an unknown one.
 */
export function familyNamed(type: string): LanguageFamily {
  const found = languageFamilies.find((family) => family.type === type);
  if (found) return found;
  throw new ConfigError('family', `is ${type}; known are ${languageFamilies.map((family) => family.type).join(', ')}`);
}
