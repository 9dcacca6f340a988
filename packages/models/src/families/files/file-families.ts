/** The families that are known of files. */
import { ConfigError } from '@espalier/nn';
import { bertFamily } from '../language/bert-files.ts';
import { gpt2Family } from '../language/gpt2-files.ts';
import { llamaFamily } from '../language/llama-files.ts';
import { vitFamily } from '../vision/vit-files.ts';
import type { FileFamily, LanguageFamily } from './file-family.ts';

/** Those that read texts. */
export const languageFamilies: readonly LanguageFamily[] = [llamaFamily, gpt2Family, bertFamily];
/** Those that look at pictures. */
export const visionFamilies: readonly FileFamily[] = [vitFamily];

/**
 * A family by its type.
 * @throws {ConfigError} for an unknown one.
 */
export function familyNamed(type: string): FileFamily {
  const all = [...languageFamilies, ...visionFamilies];
  const found = all.find((family) => family.type === type);
  if (found) return found;
  throw new ConfigError('family', `is ${type}; known are ${all.map((family) => family.type).join(', ')}`);
}
