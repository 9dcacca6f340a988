/** The tokenizer of a model on a disk, without the model. */
import { readFile } from 'node:fs/promises';
import { openModelFolder, openTensorFile } from '@espalier/models/node';
import { FormatError, type Json } from '@espalier/nn';
import { checkJsonMemory } from '@espalier/nn/format';
import { aText, check } from '@espalier/tensor/arguments';
import { textPartsOfFolder, textPartsOfGguf } from '../open/text-parts.ts';
import { createTokenizer } from '../tokenizer/create.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { findModel } from './find-model.ts';

/**
 * Opens a tokenizer by a `tokenizer.json`, or by the file, the folder or the package of a model.
 * @throws {FormatError} for what is not there, damaged, or of a kind that is not known.
 */
export async function openTokenizerAt(name: string): Promise<Tokenizer> {
  check('openTokenizerAt', 'the name', name, aText);
  if (name.endsWith('.json')) return createTokenizer(await jsonAt(name), { name });
  const { path, kind } = findModel(name);
  const from = await (kind === 'folder' ? openModelFolder(path) : openTensorFile(path));
  try {
    const { tokenizer } = await ('config' in from ? textPartsOfFolder(from) : textPartsOfGguf(from));
    return tokenizer;
  } finally {
    await from.close();
  }
}

async function jsonAt(path: string): Promise<Json> {
  const text = await readFile(path, 'utf8');
  checkJsonMemory(text, path);
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new FormatError(path, 0, 'is no JSON');
  }
}
