/** Files of tokens, of any size, as datasets of contexts and the tokens that come next. */
import { FormatError } from '@espalier/nn';
import { aByteSource, type ByteSource } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import { aPositiveInteger, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import type { Shards } from './shards.ts';
import { streamed, streamRules, type StreamedDataset, type StreamOptions } from './streamed.ts';

/** How a file of tokens is cut into examples. */
export interface TokenFile {
  /** Tokens of an example. Examples follow each other without a gap; what is left at the end is none. */
  readonly context: number;
  /** How many tokens there are: 0 to one less. */
  readonly vocabulary: number;
  /** How a token is written, little-endian. Default: u16. */
  readonly dtype?: 'u8' | 'u16' | 'u32';
  /** Bytes that are read at once. Default: 1 MiB. */
  readonly partBytes?: number;
}

/** How a file of tokens is streamed. */
export interface TokenStreamOptions extends StreamOptions, TokenFile {}

export const tokenRules: OptionRules<TokenStreamOptions> = {
  ...streamRules,
  context: aPositiveInteger,
  vocabulary: aPositiveInteger,
  dtype: oneOf('u8', 'u16', 'u32'),
  partBytes: aPositiveInteger,
};

const bytesOfToken = { u8: 1, u16: 2, u32: 4 } as const;
const usualPart = 1 << 20;

/** Reads a token of so many bytes. */
const readers = {
  u8: (view: DataView, at: number) => view.getUint8(at),
  u16: (view: DataView, at: number) => view.getUint16(2 * at, true),
  u32: (view: DataView, at: number) => view.getUint32(4 * at, true),
} as const;

/**
 * The examples of a file of tokens, a part at a time.
 * @throws {ArgumentError} for a file without an example.
 */
export function tokenShards(
  source: ByteSource,
  { context, vocabulary, dtype = 'u16', partBytes = usualPart }: TokenFile,
): Shards {
  check('tokenStream', 'context', context, aPositiveInteger);
  check('tokenStream', 'vocabulary', vocabulary, aPositiveInteger);
  const unit = bytesOfToken[dtype];
  if (source.size % unit !== 0)
    throw new ArgumentError(
      'tokenStream',
      `${source.name} has ${source.size} bytes, which are no whole number of ${dtype}`,
    );
  const examples = Math.floor((source.size / unit - 1) / context);
  if (examples < 1)
    throw new ArgumentError(
      'tokenStream',
      `${source.name} has ${source.size / unit} tokens; one example takes ${context + 1}`,
    );
  const perPart = Math.max(1, Math.floor(partBytes / unit / context));
  const parts = Array.from({ length: Math.ceil(examples / perPart) }, (_, part) =>
    Math.min(perPart, examples - part * perPart),
  );
  const shape = { shape: [context], dtype: 'i32' } as const;
  const read = async (part: number) => {
    const first = part * perPart * context;
    const rows = parts[part] as number;
    const count = rows * context + 1;
    const bytes = await source.read(first * unit, count * unit);
    if (bytes.byteLength !== count * unit)
      throw new FormatError(
        source.name,
        first * unit,
        `gives ${bytes.byteLength} of ${count * unit} bytes; was it cut?`,
      );
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tokens = Int32Array.from({ length: count }, (_, at) => {
      const token = readers[dtype](view, at);
      if (token < vocabulary) return token;
      throw new FormatError(
        source.name,
        (first + at) * unit,
        `token ${first + at} is ${token}; there are ${vocabulary}, from 0`,
      );
    });
    return { x: tokens.subarray(0, count - 1), y: tokens.subarray(1) };
  };
  return { name: source.name, parts, x: shape, y: shape, read };
}

/**
 * A file of tokens (raw u8, u16 or u32) as a dataset: x and y are i32 [batch, context], y one token on.
 * @throws {ArgumentError} for a file without an example, and memory that holds no part.
 *
 * @example
 * const data = tokenStream(await fileBytes('corpus.u16'), { context: 128, vocabulary: 32_000, seed: 7 });
 */
export function tokenStream(source: ByteSource, options: TokenStreamOptions): StreamedDataset {
  check('tokenStream', 'source', source, aByteSource);
  checkOptions('tokenStream', options, tokenRules);
  const { context, vocabulary, dtype, partBytes, ...stream } = options;
  const file = { context, vocabulary, ...(dtype && { dtype }), ...(partBytes !== undefined && { partBytes }) };
  return streamed(tokenShards(source, file), stream);
}
