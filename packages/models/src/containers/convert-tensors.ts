/** One file of tensors into another of any format, without holding more than a piece of it. */
import { FormatError, type Json } from '@espalier/nn';
import { aFunction, anObject, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import type { ByteSink } from '../bytes/byte-sink.ts';
import { bytesOfTensor, fileDType, type FileDType } from '../tensors/dtypes.ts';
import { convertedTensor, flawOfConversion } from '../tensors/convert-tensor.ts';
import type { TensorEntry, TensorSource } from '../tensors/tensor-source.ts';
import { carriedTensor } from '../tensors/write-tensor.ts';
import { refuseWhat } from './cannot-carry.ts';
import type { Container } from './container.ts';
import { findContainer } from './registry.ts';

/** What is to be other than it was. */
export interface ConvertOptions {
  /** What the other file says besides. Default: what this one does. */
  readonly metadata?: { readonly [key: string]: Json };
  /** The dtype of a tensor in the other file. Default, and where it gives none: its own. */
  readonly dtypes?: (name: string, entry: TensorEntry) => string | undefined;
}

const convertOptions: OptionRules<ConvertOptions> = { metadata: anObject as never, dtypes: aFunction as never };

const aContainerOf = (container: string | Container): Container =>
  typeof container === 'string' ? findContainer(container) : container;

/**
 * What a format cannot carry of an open file, each in a few words: dtypes, shapes, names, metadata. Nothing is read for it.
 * @throws {ConfigError} for a name that no format has.
 */
export function conversionLosses(
  source: TensorSource,
  container: string | Container,
  options: ConvertOptions = {},
): readonly string[] {
  const { metadata = source.metadata, dtypes } = checkOptions('conversionLosses', options, convertOptions);
  const { losses } = aContainerOf(container);
  const flaws: string[] = [];
  const entries = [...source.tensors].map(([name, entry]): [string, TensorEntry] => {
    const dtype = dtypes?.(name, entry) ?? entry.dtype;
    const flaw = flawOfConversion(name, entry, dtype);
    if (flaw !== undefined) flaws.push(flaw);
    if (flaw !== undefined || dtype === entry.dtype) return [name, entry];
    return [name, { ...entry, dtype, bytes: bytesOfTensor(fileDType(dtype) as FileDType, entry.shape) as number }];
  });
  return [...flaws, ...(losses?.(new Map(entries), metadata) ?? [])];
}

/**
 * Writes what an open file holds in another format, a piece at a time. Names that are tied are written each with its values.
 * @throws {FormatError} before anything is written, naming all that the other format cannot carry: say other `dtypes` or
 * `metadata` then; and for a format that is only read.
 * @throws {ConfigError} for a name that no format has.
 *
 * @example
 * const source = await openTensorFile('model.gguf');
 * const options = { metadata: {}, dtypes: () => 'F16' };
 * await writeFileBy('model.safetensors', (sink) => convertTensors(source, 'safetensors', sink, options));
 */
export async function convertTensors(
  source: TensorSource,
  container: string | Container,
  sink: ByteSink,
  options: ConvertOptions = {},
): Promise<void> {
  const { type, write } = aContainerOf(container);
  if (!write) throw new FormatError(type, 0, 'is a format that is only read; choose another');
  refuseWhat(
    type,
    conversionLosses(source, container, options),
    'give other dtypes or metadata for it (`dtypes`, `metadata`), or choose another format',
  );
  const { metadata = source.metadata, dtypes } = options;
  const tensors = [...source.tensors].map(([name, entry]) => {
    const dtype = dtypes?.(name, entry) ?? entry.dtype;
    return [name, dtype === entry.dtype ? carriedTensor(source, name) : convertedTensor(source, name, dtype)] as const;
  });
  await write(sink, new Map(tensors), metadata);
}
