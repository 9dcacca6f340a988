/** Formats of weights by name, so that recipes and files can name them. */
import {
  ArgumentError,
  bitmask,
  blockSparse,
  codebook,
  csr,
  int4,
  int8,
  nOfM,
  type MatrixFormat,
} from '@espalier/tensor';
import { aMatrixFormat, check } from '@espalier/tensor/arguments';

const formats = new Map<string, MatrixFormat<never>>();

/**
 * Makes a format known by its name: to the pass `encode`, and to the files of models that have weights in it. Throws
 * ArgumentError if the name is taken by another one.
 */
export function registerFormat<Options extends object>(format: MatrixFormat<Options>): void {
  check('registerFormat', 'format', format, aMatrixFormat);
  const known = formats.get(format.name);
  if (known && known !== (format as unknown as MatrixFormat<never>))
    throw new ArgumentError('registerFormat', `the format '${format.name}' is taken; choose another name`);
  formats.set(format.name, format as unknown as MatrixFormat<never>);
}

for (const format of [int8, int4, nOfM, csr, bitmask, blockSparse, codebook])
  registerFormat(format as unknown as MatrixFormat);

/** The format of a name, if there is one. */
export function formatNamed(name: unknown): MatrixFormat<never> | undefined {
  return typeof name === 'string' ? formats.get(name) : undefined;
}

/** The names of all known formats, sorted. */
export function formatNames(): string[] {
  return [...formats.keys()].toSorted();
}
