/** Small models of families, whose answers are known. */
import { fileURLToPath } from 'node:url';
import { openLanguageModel, type OpenedLanguageModel } from '@espalier/models';
import { openModelFolder } from '@espalier/models/node';

const families = new URL('../../../models/test/golden/families/', import.meta.url);

/** The folder of one. */
export const familyFolder = (name: string): string => fileURLToPath(new URL(name, families));

/** One, open. */
export async function openFamily(name: string): Promise<OpenedLanguageModel> {
  const folder = await openModelFolder(familyFolder(name));
  try {
    return await openLanguageModel(folder);
  } finally {
    await folder.close();
  }
}
