/** A file of tokens of any size as what a run is made of: most of it is streamed, its end is held to choose and to judge by. */
import { join } from 'node:path';
import { leastMemory, tokenStream, type StreamedDataset } from '@espalier/data';
import { readKept, steadyFile, writeKept, type SteadyFile } from '@espalier/data/node';
import { tensorDataset, type Dataset } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import type { Device } from '@espalier/tensor';
import { UsageError } from '../../errors.ts';
import { memoryOfStream } from './memory.ts';

/** A file of tokens to learn from. */
export interface TokensUse {
  /** Its ending says how tokens are written: `.u8`, `.u16` or `.u32`, little-endian. */
  readonly file: string;
  readonly seed: number;
  /** Tokens that a model sees at once. */
  readonly context: number;
  /** Bytes that the whole run may take. */
  readonly memory: number;
  /** Where it is kept how many tokens there are. */
  readonly kept: string;
}

/** A file of tokens, parted. */
export interface OpenedTokens {
  /** How many different tokens there are: 0 to one less. */
  readonly vocabulary: number;
  /** A training goes through so many examples at most, of the whole file. */
  readonly train: StreamedDataset;
  /** Examples of the training that are held. */
  readonly sample: Dataset;
  readonly validate: Int32Array;
  readonly test: Int32Array;
  readonly close: () => Promise<void>;
}

/** Sequences of a training, of the sample, of what is chosen by and of what is judged by, at most. */
const most = { train: 32_000, sample: 2000, validate: 200, test: 400 };

/** The share of the file that each of the last two are, at most. */
const heldShare = 0.05;

/** No model tells more tokens apart. */
const mostTokens = 1 << 17;

const arrays = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array } as const;

/** How a token is written. */
export type TokenType = 'u8' | 'u16' | 'u32';

/** How a file of tokens is written, by its ending; undefined of another file. */
export function tokenTypeOf(file: string): TokenType | undefined {
  return /\.(u8|u16|u32)$/u.exec(file)?.[1] as TokenType | undefined;
}

/** Some tokens of a file, by their numbers. Files and the machines that this runs on are little-endian. */
export async function tokensOf(
  source: ByteSource,
  type: TokenType,
  from: number,
  to: number,
): Promise<Uint8Array | Uint16Array | Uint32Array> {
  const unit = arrays[type].BYTES_PER_ELEMENT;
  const bytes = await source.read(from * unit, (to - from) * unit);
  return new arrays[type](bytes.buffer, bytes.byteOffset, bytes.byteLength / unit);
}

const pieceTokens = 1 << 20;

/** One more than the largest token, from one pass, or as it is kept. */
async function vocabularyOf(source: SteadyFile, type: TokenType, kept: string): Promise<number> {
  const request = JSON.stringify([1, type, source.size, source.modified, source.digest]);
  const file = join(kept, 'vocabulary');
  const known = await readKept(file, request);
  if (known) return Number(new TextDecoder().decode(known));
  const count = source.size / arrays[type].BYTES_PER_ELEMENT;
  let largest = 0;
  for (let at = 0; at < count; at += pieceTokens)
    for (const token of await tokensOf(source, type, at, Math.min(count, at + pieceTokens)))
      if (token > largest) largest = token;
  if (largest >= mostTokens)
    throw new UsageError(`${source.name}: it has the token ${largest}: give one with tokens below ${mostTokens}`);
  await writeKept(file, request, Buffer.from(String(largest + 1)));
  return largest + 1;
}

/** The first bytes of a source. */
const beginningOf = (source: ByteSource, size: number): ByteSource => ({ ...source, size });

/** Some examples of a stream, in memory. */
async function taken(stream: StreamedDataset, count: number, context: number, device: Device): Promise<Dataset> {
  const [x, y] = [new Int32Array(count * context), new Int32Array(count * context)];
  for (let start = 0; start < count; start += 64) {
    const indices = Array.from({ length: Math.min(64, count - start) }, (_, index) => start + index);
    const batch = await stream.batch(indices);
    x.set(await batch.x.data(), start * context);
    y.set(await batch.y.data(), start * context);
    batch.x.dispose();
    batch.y.dispose();
  }
  const shape = [count, context];
  return tensorDataset({ data: x, shape }, { data: y, shape }, { device });
}

/**
 * Opens a file of tokens: its end is held, the rest is streamed.
 * @throws {UsageError} for a file that is too short, or none of tokens, and for memory that is too small.
 * @throws {FormatError} for a file that changes while it is read.
 */
export async function openTokens(
  { file, seed, context, memory, kept }: TokensUse,
  device: Device,
): Promise<OpenedTokens> {
  const type = tokenTypeOf(file);
  if (!type) throw new UsageError(`${file}: its ending says not how tokens are written: name it .u8, .u16 or .u32`);
  const source = await steadyFile(file);
  try {
    const unit = arrays[type].BYTES_PER_ELEMENT;
    const count = source.size / unit;
    const sequences = Math.floor((count - 1) / context);
    const held = (least: number): number => Math.min(least, Math.floor(sequences * heldShare));
    const [validation, judged] = [held(most.validate), held(most.test)];
    if (!Number.isInteger(count) || validation < 1)
      throw new UsageError(
        `${file}: it has ${count} tokens: give whole ones, and at least ${Math.ceil(1 / heldShare) * context + 1}`,
      );
    const vocabulary = await vocabularyOf(source, type, kept);
    const learnt = (sequences - validation - judged) * context;
    const own = memoryOfStream(
      file,
      memory,
      leastMemory({
        parts: [Math.max(1, Math.floor(2 ** 20 / unit / context))],
        x: { shape: [context], dtype: 'i32' },
        y: { shape: [context], dtype: 'i32' },
      }),
    );
    const options = { context, vocabulary, dtype: type, memory: own, digest: source.digest, device };
    const beginning = beginningOf(source, (learnt + 1) * unit);
    const all = learnt / context;
    const sample = tokenStream(beginning, { ...options, seed: seed + 1, prefetch: false });
    const tokens = async (from: number, to: number): Promise<Int32Array> =>
      Int32Array.from(await tokensOf(source, type, from, to));
    return {
      vocabulary,
      train: tokenStream(beginning, { ...options, seed, examples: Math.min(all, most.train) }),
      sample: await taken(sample, Math.min(all, most.sample), context, device),
      validate: await tokens(learnt, learnt + validation * context + 1),
      test: await tokens(learnt + validation * context, learnt + (validation + judged) * context + 1),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}
