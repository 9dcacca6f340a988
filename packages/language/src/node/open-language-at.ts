/** Language models on a disk. */
import type { ModelFolder, OpenModelOptions, TensorSource } from '@espalier/models';
import { openModelFolder, openTensorFile } from '@espalier/models/node';
import { openTextModel } from '../embed/open-text-embedder.ts';
import type { TextEmbedder } from '../embed/text-embedder.ts';
import { openLanguage, type OpenedLanguage, type OpenLanguageOptions } from '../open/open-language.ts';
import { findModel } from './find-model.ts';

async function openAt<Opened>(
  name: string,
  open: (from: ModelFolder | TensorSource) => Promise<Opened>,
): Promise<Opened> {
  const { path, kind } = findModel(name);
  const from = await (kind === 'folder' ? openModelFolder(path) : openTensorFile(path));
  try {
    return await open(from);
  } finally {
    await from.close();
  }
}

/**
 * Opens a language model by its file, its folder, or the name of a package that is installed. Nothing stays open.
 * @throws {FormatError} for what is not there, damaged, or of a kind that is not known.
 *
 * @example
 * const { decoder, tokenizer } = await openLanguageAt('model.gguf');
 */
export function openLanguageAt(name: string, options: OpenLanguageOptions = {}): Promise<OpenedLanguage> {
  return openAt(name, (from) => openLanguage(from, options));
}

/**
 * The same for a model that takes texts, whether it tells tokens or embeds texts.
 * @throws {FormatError} as that does.
 */
export function openTextModelAt(name: string, options: OpenModelOptions = {}): Promise<OpenedLanguage | TextEmbedder> {
  return openAt(name, (from) => openTextModel(from, options));
}
