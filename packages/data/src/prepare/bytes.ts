/** Texts as the bytes of their UTF-8: a vocabulary that knows every text. */
import { encodeUtf8 } from '@espalier/nn/format';
import { DataError } from '../errors.ts';
import type { Encoding, EncodingType } from './encoding.ts';
import { countField } from './fields.ts';

/** So many tokens of each text: 0 where it has ended, and a byte plus 1. */
export interface BytesEncoding extends Encoding {
  readonly as: 'bytes';
  readonly length: number;
}

/** How many tokens there are. */
export const byteVocabulary = 257;

/** The tokens of a text, padded or cut to a length. */
export function byteTokens(text: string, length: number): Int32Array {
  const tokens = new Int32Array(length);
  for (const [index, byte] of encodeUtf8(text.slice(0, length)).entries()) if (index < length) tokens[index] = byte + 1;
  return tokens;
}

/** Tokens of texts. */
export const bytesOfTexts: EncodingType<BytesEncoding> = {
  type: 'bytes',
  learn: ({ source, name, type, texts }, settings) => {
    if (type !== 'text') throw new DataError(source, { column: name }, `holds ${type}s; encode texts as bytes`);
    const length = settings['length'] === undefined ? texts.longest : countField(settings, 'length', name);
    return { column: name, as: 'bytes', length };
  },
  parse: (config, where) => ({
    column: config['column'] as string,
    as: 'bytes',
    length: countField(config, 'length', where),
  }),
  features: ({ column, length }) => Array.from({ length }, (_, index) => `${column} ${index}`),
  write: ({ column: name, length }, { source, rows, column }, { values, offset, stride }) => {
    if (column.type !== 'text')
      throw new DataError(source, { column: name }, `holds ${column.type}s, and was text in training`);
    for (let row = 0; row < rows; row++)
      values.set(byteTokens(column.values[row] as string, length), row * stride + offset);
  },
};
