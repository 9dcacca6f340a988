/** The tokenizer of a file. */
import { openTensorFile } from '@espalier/models/node';
import { aText, check } from '@espalier/tensor/arguments';
import { tokenizerOfGguf } from '../tokenizer/gguf/from-gguf.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/**
 * The tokenizer of a GGUF file, of which no more than the header is read.
 * @throws {FormatError} for what is damaged, and a vocabulary of an unknown kind.
 */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  check('readTokenizer', 'path', path, aText);
  const source = await openTensorFile(path);
  try {
    return tokenizerOfGguf(source.metadata, source.name);
  } finally {
    await source.close();
  }
}
