/** Weights that are in one format in memory, to compute from, and in another, smaller one in files. */
import type { Parameter, StoredWeight } from '@espalier/nn';
import {
  dtypes,
  matrixFromArrays,
  type Device,
  type DType,
  type EncodedArray,
  type EncodedMatrix,
  type EncodedSettings,
  type Encoding,
  type MatrixShape,
  type StoredFormat,
} from '@espalier/tensor';

/** A weight whose matrix is the kernel form of another format, which files hold. */
export interface ReformedWeight extends StoredWeight {
  /** What files hold. */
  readonly file: { readonly format: StoredFormat; readonly settings: EncodedSettings };
}

/** Whether files hold a weight in another format than memory does. */
export function isReformed(stored: StoredWeight): stored is ReformedWeight {
  return 'file' in stored;
}

/**
 * Stores a matrix in the place of a weight: as it is where its device computes from it, else in its kernel form, where it has one
 * of which the device computes. Files hold it as it was.
 */
export function storeEncoding(
  parameter: Parameter,
  format: StoredFormat,
  shape: MatrixShape,
  encoding: Encoding,
  device: Device,
): void {
  const matrix = matrixFromArrays(format, shape, encoding, { device });
  const form = matrix.t().hasKernel() ? undefined : format.kernelForm;
  const reformed = form?.to(encoding, shape);
  if (form && reformed) {
    const inner = matrixFromArrays(form.format, shape, reformed, { device });
    if (inner.t().hasKernel()) {
      matrix.dispose();
      parameter.store({ matrix: inner, file: { format, settings: matrix.settings } } as ReformedWeight);
      return;
    }
    inner.dispose();
  }
  parameter.store({ matrix });
}

/** `storeEncoding` of a matrix that there is. */
export async function storeMatrix(parameter: Parameter, matrix: EncodedMatrix): Promise<void> {
  const { format, settings, shape, device } = matrix;
  if (!format.kernelForm || matrix.t().hasKernel()) parameter.store({ matrix });
  else {
    const encoding = { settings, arrays: await arraysOf(matrix) };
    matrix.dispose();
    storeEncoding(parameter, format, shape, encoding, device);
  }
}

/** A weight as files hold it. */
export interface FileForm extends Encoding {
  readonly format: StoredFormat;
  readonly shape: MatrixShape;
}

/** The format of a stored weight in files, with its arrays. */
export async function fileFormOf(stored: StoredWeight): Promise<FileForm> {
  const { matrix } = stored;
  const { format, settings, shape } = matrix;
  const own = { settings, arrays: await arraysOf(matrix) };
  const form = isReformed(stored) ? stored.file.format.kernelForm : undefined;
  if (!form || !isReformed(stored)) return { format, shape, ...own };
  return { format: stored.file.format, shape, ...form.from(own, stored.file.settings, shape) };
}

async function arraysOf({ arrays }: EncodedMatrix): Promise<Readonly<Record<string, EncodedArray>>> {
  const read = Object.entries(arrays).map(async ([name, array]) => {
    const { dtype, shape } = array;
    return [name, arrayFrom(dtype, shape, await array.bytes())] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** An array of bytes, which may lie anywhere. */
export function arrayFrom(dtype: DType, shape: readonly number[], bytes: Uint8Array): EncodedArray {
  const info = dtypes[dtype];
  // A copy, because a typed array must start at a multiple of its element size.
  const { buffer } = new Uint8Array(bytes);
  return { dtype, shape, data: info.view(buffer, 0, Math.floor(bytes.length / info.bytes)) };
}
