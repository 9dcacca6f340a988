/** What is said to be much larger than the file that it is in: values that are repeated, or that are compressed to nothing. */
import { FormatError } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import type { TensorEntry } from './tensor-source.ts';

/** Tensors of so many bytes, and of so many times those of their file, are made to fill memories. */
const [largest, mostTimes] = [64 << 20, 100];

/** @throws {FormatError} for tensors that take over 64 MiB, and over a hundred times the file; ties count once. */
export function checkExpansion(
  source: ByteSource,
  tensors: ReadonlyMap<string, TensorEntry>,
  ties: ReadonlyMap<string, string> = new Map(),
): void {
  let bytes = 0;
  for (const [name, tensor] of tensors) if (!ties.has(name)) bytes += tensor.bytes;
  if (bytes <= largest || bytes <= mostTimes * source.size) return;
  throw new FormatError(
    source.name,
    0,
    `has tensors of ${bytes} bytes in ${source.size}: values that are repeated; save them once, by clone() or without expand()`,
  );
}
