/** Streams of files whose parts a thread of their own reads: the same batches, while training goes on. */
import { aText, check, checkOptions, listOf, type OptionRules } from '@espalier/tensor/arguments';
import type { Preparation } from '../../prepare/preparation.ts';
import { csvShards, csvStreamRules, type CsvStreamOptions } from '../../stream/csv-stream.ts';
import { streamed, type StreamedDataset } from '../../stream/streamed.ts';
import { tokenShards, tokenRules, type TokenStreamOptions } from '../../stream/token-stream.ts';
import type { CsvIndex } from '../../table/csv/read-csv.ts';
import { onSideThread } from './side-shards.ts';
import { steadyFile } from './steady-file.ts';

/** What the thread is told beside. */
export interface SideOptions {
  /** Modules that it imports first, as `import` takes them: those that register encodings of a preparation. */
  readonly modules?: readonly string[];
}

/** A stream with a thread. */
export interface SideStream extends StreamedDataset {
  /** Ends the thread. A process that has nothing else to do ends without. */
  readonly close: () => Promise<void>;
}

const sideRules: OptionRules<SideOptions> = { modules: listOf(aText) };

/**
 * `csvStream` of a file that a thread reads. An error in it is that error here, and a thread that crashes one that names the file.
 * @throws {ArgumentError} as `csvStream` does.
 * @throws {FormatError} for a file that cannot be opened.
 *
 * @example
 * const data = await sideCsvStream('clicks.csv', index, preparation, { seed: 7, memory: 2 ** 28 });
 */
export async function sideCsvStream(
  path: string,
  index: CsvIndex,
  preparation: Preparation,
  options: CsvStreamOptions & SideOptions = {},
): Promise<SideStream> {
  check('sideCsvStream', 'path', path, aText);
  checkOptions('sideCsvStream', options, { ...csvStreamRules, ...sideRules });
  const { modules = [], parts, lots, ...stream } = options;
  const choice = { ...(parts && { parts: Array.from(parts) }), ...(lots && { lots }) };
  const source = await steadyFile(path);
  await source.close();
  const own = csvShards(source, index, preparation, choice);
  const file = { kind: 'csv', path, index, preparation: preparation.config(), choice } as const;
  const shards = onSideThread(own, { file, modules });
  const told = { ...(index.digest !== undefined && { digest: index.digest }), ...stream };
  return { ...streamed(shards, told), close: shards.close };
}

/**
 * `tokenStream` of a file that a thread reads.
 * @throws {ArgumentError} as `tokenStream` does.
 * @throws {FormatError} for a file that cannot be opened.
 *
 * @example
 * const data = await sideTokenStream('corpus.u16', { context: 128, vocabulary: 32_000, seed: 7 });
 */
export async function sideTokenStream(path: string, options: TokenStreamOptions & SideOptions): Promise<SideStream> {
  check('sideTokenStream', 'path', path, aText);
  checkOptions('sideTokenStream', options, { ...tokenRules, ...sideRules });
  const { modules = [], context, vocabulary, dtype, partBytes, ...stream } = options;
  const file = { context, vocabulary, ...(dtype && { dtype }), ...(partBytes !== undefined && { partBytes }) };
  const source = await steadyFile(path);
  await source.close();
  const shards = onSideThread(tokenShards(source, file), { file: { kind: 'tokens', path, file }, modules });
  return { ...streamed(shards, { digest: source.digest, ...stream }), close: shards.close };
}
