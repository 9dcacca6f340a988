/**
 * The layout of PyTorch before 1.6, which many files still have: five pickles one after another, then the storages. What
 * tensors lie in is known only when the last pickle is read.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { brief } from '@espalier/tensor/arguments';
import type { TorchFile } from './layout.ts';
import { allowGlobal } from './globals.ts';
import { PickleEndError } from './pickle/machine.ts';
import { largestPickle, readPickle } from './pickle/read-pickle.ts';
import { itemsOf, PickleDict, PickleReference, type PickleValue } from './pickle/values.ts';
import { allValues } from './pickle/walk.ts';
import { refuseIn, storageOf } from './torch-tensor.ts';

const magic = 0x1950a86a20f9469cfc6cn;
const protocol = 1001;
/** The magic number as an instruction; before it come the protocol and, of the newer ones, the length of a frame. */
const magicBytes = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const beforeMagic = [2, 11];
/** How much is read at first; four times as much where the pickles do not end in it. */
const firstRead = 1 << 16;

/** Whether a file begins as one of this layout does. */
export function isLegacy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && beforeMagic.some((before) => magicBytes.every((byte, at) => bytes[before + at] === byte));
}

/** The five values, and where the storages begin. */
async function readPickles(
  source: ByteSource,
): Promise<{ readonly values: readonly PickleValue[]; readonly end: number }> {
  for (let length = firstRead; ; length *= 4) {
    const read = Math.min(length, source.size, largestPickle);
    const bytes = await readBytes(source, 0, read, 'its pickles');
    try {
      const values: PickleValue[] = [];
      let at = 0;
      while (values.length < 5) {
        const pickle = readPickle(bytes.subarray(at), source, at, allowGlobal);
        values.push(pickle.value);
        at += pickle.length;
      }
      return { values, end: at };
    } catch (error) {
      if (!(error instanceof PickleEndError) || read < length) throw error;
    }
  }
}

/** Where each storage lies. */
interface Place {
  readonly begin: number;
  readonly bytes: number;
}

/**
 * Opens a file of the old layout.
 * @throws {FormatError} naming what is damaged, missing, or not allowed.
 */
export async function openLegacyLayout(source: ByteSource): Promise<TorchFile> {
  const fail = refuseIn(source.name, 0);
  const { values, end } = await readPickles(source);
  const [number, version, system, root, keys] = values;
  if (number !== magic || version !== protocol || !(system instanceof PickleDict))
    return fail('is no file of PyTorch: its first pickles are not the magic number, 1001, and a dict');
  const isLittle = system.entries.get('little_endian');
  if (typeof isLittle !== 'boolean') fail('does not say whether it is little-endian');
  const names = itemsOf(keys);
  if (!names?.every((key) => typeof key === 'string') || new Set(names).size !== names.length)
    return fail('has no list of the names of its storages');
  const itemBytes = new Map<string, number>();
  for (const value of allValues(root as PickleValue)) {
    if (!(value instanceof PickleReference)) continue;
    const storage = storageOf(value, fail);
    const known = itemBytes.get(storage.key);
    if (known !== undefined && known !== storage.itemBytes)
      fail(`takes the storage '${brief(storage.key)}' for elements of ${known} and of ${storage.itemBytes} bytes`);
    itemBytes.set(storage.key, storage.itemBytes);
  }
  const places = await findStorages(source, end, names, itemBytes);
  return {
    source,
    layout: 'legacy',
    root: root as PickleValue,
    isBigEndian: !(isLittle as boolean),
    offset: 0,
    checkStorage: ({ key, size, itemBytes: each }) => {
      const place = places.get(key);
      if (!place) return fail(`has no storage ${showName(key)}, which a tensor lies in`);
      if (place.bytes < size * each)
        throw new FormatError(source.name, place.begin, `has a storage ${showName(key)} of ${place.bytes} bytes, which has to take ${size * each}`); // prettier-ignore
    },
    readStorage: (key, from, to) => {
      const { begin } = places.get(key) as Place;
      return readBytes(source, begin + from, to - from, `storage ${showName(key)}`);
    },
  };
}

/** Goes from storage to storage: the number of elements as eight bytes, then the elements. */
async function findStorages(
  source: ByteSource,
  end: number,
  names: readonly string[],
  itemBytes: ReadonlyMap<string, number>,
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  let at = end;
  for (const key of names) {
    const shown = `storage ${showName(key)}`;
    const each = itemBytes.get(key);
    if (each === undefined) throw new FormatError(source.name, at, `has a ${shown} that no tensor lies in, of which nobody knows how long it is`); // prettier-ignore
    const head = await readBytes(source, at, 8, `the size of ${shown}`);
    const bytes = Number(new DataView(head.buffer).getBigInt64(0, true)) * each;
    if (!(bytes >= 0 && at + 8 + bytes <= source.size))
      throw new FormatError(
        source.name,
        at,
        `ends before ${shown}: ${bytes} bytes from ${at + 8} on, of ${source.size}`,
      );
    places.set(key, { begin: at + 8, bytes });
    at += 8 + bytes;
  }
  return places;
}
