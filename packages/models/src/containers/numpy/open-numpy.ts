/** Arrays of NumPy, read by range: one in an `.npy` file, and several in an `.npz`, which is a zip file of those. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { sizeOf, type Shape } from '@espalier/tensor';
import { rangeWithin } from '../../tensors/range.ts';
import { checkExpansion } from '../../tensors/expansion.ts';
import { readStrided, rowStrides, type ReadStored, type StridedLayout } from '../../tensors/strided.ts';
import type { TensorEntry, TensorSource } from '../../tensors/tensor-source.ts';
import { openZip } from '../../zip/zip-reader.ts';
import { readNpyHeader, type NpyHeader } from './header.ts';

/** The name of the only array of an `.npy` file. */
export const onlyName = 'array';

/** An array that is known and not read. */
interface KnownArray {
  readonly entry: TensorEntry;
  readonly layout: StridedLayout;
  readonly read: ReadStored;
}

/** From column to column where values lie column by column. */
function columnStrides(shape: Shape): number[] {
  return rowStrides(shape.toReversed()).toReversed();
}

/** An array, if as many bytes follow its header as its shape takes. */
function known(header: NpyHeader, available: number, read: ReadStored, fail: (problem: string) => never): KnownArray {
  const { dtype, shape, itemBytes, swap, fortran, begin } = header;
  const bytes = sizeOf(shape) * itemBytes;
  if (begin + bytes !== available)
    fail(`has ${available - begin} bytes of values; ${dtype} [${shape.join(', ')}] takes ${bytes}`);
  const strides = fortran ? columnStrides(shape) : rowStrides(shape);
  return {
    entry: { dtype, shape, bytes },
    layout: { shape, strides, offset: 0, itemBytes, swap },
    read: (from, to) => read(begin + from, begin + to),
  };
}

function sourceOf(source: ByteSource, format: string, arrays: ReadonlyMap<string, KnownArray>): TensorSource {
  const tensors = new Map([...arrays].map(([name, { entry }]) => [name, entry]));
  checkExpansion(source, tensors);
  return {
    format,
    name: source.name,
    tensors,
    ties: new Map(),
    metadata: {},
    read: async (name, range) => {
      const array = arrays.get(name);
      if (!array) throw new FormatError(source.name, 0, `has no tensor ${showName(name)}`);
      const { bytes } = array.entry;
      const { begin, end } = rangeWithin(name, bytes, range);
      return readStrided(array.layout, array.read, begin, end);
    },
    close: () => source.close(),
  };
}

/**
 * Opens an `.npy` file. Its tensor is called `array`.
 * @throws {FormatError} for what is damaged or no array of numbers.
 */
export async function openNpy(source: ByteSource): Promise<TensorSource> {
  const header = await readNpyHeader((begin, end, what) => readBytes(source, begin, end - begin, what), source.name);
  const read: ReadStored = (begin, end) => readBytes(source, begin, end - begin, 'its values');
  const array = known(header, source.size, read, (problem) => {
    throw new FormatError(source.name, header.begin, problem);
  });
  return sourceOf(source, 'npy', new Map([[onlyName, array]]));
}

/**
 * Opens an `.npz` file.
 * @throws {FormatError} for what is damaged, and naming an entry that is no array of numbers.
 */
export async function openNpz(source: ByteSource): Promise<TensorSource> {
  const zip = await openZip(source);
  const arrays = new Map<string, KnownArray>();
  for (const [name, { size, offset }] of zip.entries) {
    const fail = (problem: string): never => {
      throw new FormatError(source.name, offset, `${showName(name)} ${problem}`);
    };
    if (!name.endsWith('.npy')) fail('is no .npy file, which all entries of an .npz are');
    const read = (begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
      end > size ? fail(`ends after ${size} bytes`) : zip.read(name, { begin, end });
    const header = await readNpyHeader(read, `${source.name}: ${name}`, 0);
    const own = name.slice(0, -'.npy'.length);
    arrays.set(
      own,
      known(
        header,
        size,
        (begin, end) => (begin === header.begin && end === size ? whole(begin) : read(begin, end)),
        fail,
      ),
    );
    /** All of an entry, of which the checksum is checked then. */
    async function whole(begin: number): Promise<Uint8Array<ArrayBuffer>> {
      return (await zip.read(name)).slice(begin);
    }
  }
  return sourceOf(source, 'npz', arrays);
}
