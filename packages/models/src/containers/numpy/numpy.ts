/** Files of NumPy as containers. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import type { TensorEntry, WrittenTensor } from '../../tensors/tensor-source.ts';
import { writeValues } from '../../tensors/write-values.ts';
import { isZip } from '../../zip/directory.ts';
import { zipWriter } from '../../zip/zip-writer.ts';
import { refuseWhat } from '../cannot-carry.ts';
import type { Container } from '../container.ts';
import { isNpy, npyHeader, numpyKind } from './header.ts';
import { openNpy, openNpz } from './open-numpy.ts';

function lossesOf(tensors: ReadonlyMap<string, TensorEntry>, metadata: object = {}): string[] {
  const odd = [...tensors].flatMap(([name, { dtype }]) => (numpyKind(dtype) ? [] : [`${showName(name)} (${dtype})`]));
  return [...odd, ...Object.keys(metadata).map((key) => `the note ${showName(key)}`)];
}

const remedy = 'convert them before, or write safetensors';

/** What a value takes: that the two agree is checked as it is written. */
async function* valuesOf(header: Uint8Array, { values }: WrittenTensor): AsyncGenerator<Uint8Array> {
  yield header;
  yield* values();
}

async function writeNpz(
  sink: ByteSink,
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata: object = {},
): Promise<void> {
  refuseWhat('npz', lossesOf(tensors, metadata), remedy);
  const zip = zipWriter(sink);
  for (const [name, tensor] of tensors) {
    const header = npyHeader(numpyKind(tensor.dtype) as string, tensor.shape);
    await zip.add(`${name}.npy`, header.length + tensor.bytes, valuesOf(header, tensor));
  }
  await zip.end();
}

async function writeNpy(
  sink: ByteSink,
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata: object = {},
): Promise<void> {
  const [[name, tensor] = [], ...others] = tensors;
  if (name === undefined || tensor === undefined || others.length > 0)
    throw new FormatError('npy', 0, `holds one array, not ${tensors.size}; write .npz`);
  refuseWhat('npy', lossesOf(tensors, metadata), remedy);
  await sink.write(npyHeader(numpyKind(tensor.dtype) as string, tensor.shape));
  await writeValues(sink, name, tensor);
}

/** Where the name of the first entry of a zip file begins, and its length stands. */
const [nameAt, lengthAt] = [30, 26];

/** One array. */
export const npy: Container = {
  type: 'npy',
  extensions: ['npy'],
  detects: isNpy,
  open: (source) => openNpy(source),
  losses: lossesOf,
  write: writeNpy,
};

/** Arrays by name, in a zip file. Values are stored, not deflated, so that they are read by range. */
export const npz: Container = {
  type: 'npz',
  extensions: ['npz'],
  detects: (head) => {
    if (!isZip(head)) return false;
    const length = (head[lengthAt] ?? 0) + 256 * (head[lengthAt + 1] ?? 0);
    return String.fromCharCode(...head.subarray(nameAt, nameAt + length)).endsWith('.npy');
  },
  open: (source) => openNpz(source),
  losses: lossesOf,
  write: writeNpz,
};
