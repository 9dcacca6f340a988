/** Formats of weights by name, so that recipes and files can name them. */
import { Registry } from '@espalier/nn';
import { bitmask, blockSparse, codebook, csr, int4, int8, intN, nOfM, type MatrixFormat } from '@espalier/tensor';
import { aMatrixFormat, check } from '@espalier/tensor/arguments';

const formats = new Registry<MatrixFormat<never>>('format', ({ name }) => name, [
  int8,
  int4,
  intN,
  nOfM,
  csr,
  bitmask,
  blockSparse,
  codebook,
] as readonly object[] as readonly MatrixFormat<never>[]);

/**
 * Makes a format known by its name: to the pass `encode`, and to the files of models that have weights in it.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerFormat<Options extends object>(format: MatrixFormat<Options>): void {
  check('registerFormat', 'format', format, aMatrixFormat);
  formats.register('registerFormat', format as object as MatrixFormat<never>);
}

/** The format of a name, if there is one. */
export function formatNamed(name: unknown): MatrixFormat<never> | undefined {
  return formats.get(name);
}

/** The names of all known formats, sorted. */
export function formatNames(): string[] {
  return formats.names.toSorted();
}
