/** Language models on a disk. */
import type { OpenModelOptions } from '@espalier/models';
import { openModelFolder, openTensorFile } from '@espalier/models/node';
import { openLanguage, type OpenedLanguage } from '../open/open-language.ts';
import { findModel } from './find-model.ts';

/**
 * Opens a language model by its file, its folder, or the name of a package that is installed. Nothing stays open.
 * @throws {FormatError} for what is not there, damaged, or of a kind that is not known.
 *
 * @example
 * const { decoder, tokenizer } = await openLanguageAt('model.gguf');
 */
export async function openLanguageAt(name: string, options: OpenModelOptions = {}): Promise<OpenedLanguage> {
  const { path, kind } = findModel(name);
  const from = await (kind === 'folder' ? openModelFolder(path) : openTensorFile(path));
  try {
    return await openLanguage(from, options);
  } finally {
    await from.close();
  }
}
