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

/** Most tokens that are taken of a text where no length is given. */
const usualLength = 128;

/** Tokens of texts. */
export const bytesOfTexts: EncodingType<BytesEncoding> = {
  type: 'bytes',
  fit: ({ source, name, column }, settings) => {
    if (column.type !== 'text')
      throw new DataError(source, { column: name }, `holds ${column.type}s; encode texts as bytes`);
    if (settings['length'] !== undefined)
      return { column: name, as: 'bytes', length: countField(settings, 'length', name) };
    const longest = column.values.reduce(
      (most, text) => Math.max(most, text.length < usualLength ? encodeUtf8(text).length : usualLength),
      1,
    );
    return { column: name, as: 'bytes', length: Math.min(longest, usualLength) };
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
