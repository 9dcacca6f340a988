/** The layout of PyTorch since 1.6: a zip file of a pickle, `ROOT/data.pkl`, and one entry a storage, `ROOT/data/KEY`. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { ByteSource } from '@espalier/nn/format';
import { brief } from '@espalier/tensor/arguments';
import { decodeLatin1 } from '../../bytes/text.ts';
import { openZip } from '../../zip/zip-reader.ts';
import type { TorchFile } from './layout.ts';
import { allowGlobal } from './globals.ts';
import { largestPickle, readPickle } from './pickle/read-pickle.ts';

/**
 * Opens a file of the zip layout.
 * @throws {FormatError} naming what is damaged, missing, or not allowed.
 */
export async function openZipLayout(source: ByteSource): Promise<TorchFile> {
  const zip = await openZip(source);
  const fail = (offset: number, problem: string): never => {
    throw new FormatError(source.name, offset, problem);
  };
  const pickles = [...zip.entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/u.test(name));
  const [name] = pickles;
  if (name === undefined || pickles.length > 1) {
    const names = [...zip.entries.keys()].slice(0, 4).map((each) => brief(each, 60));
    return fail(source.size, `is a zip file with ${pickles.length} data.pkl, not one as PyTorch writes it; it has ${names.join(', ') || 'nothing'}`); // prettier-ignore
  }
  const prefix = name.slice(0, -'data.pkl'.length);
  const entry = zip.entries.get(name) as { readonly size: number; readonly offset: number };
  if (entry.size > largestPickle)
    fail(entry.offset, `has a pickle of ${entry.size} bytes; ${largestPickle} is the limit`);
  const order = zip.entries.has(`${prefix}byteorder`)
    ? decodeLatin1(
        await zip.read(`${prefix}byteorder`, {
          begin: 0,
          end: Math.min(16, zip.entries.get(`${prefix}byteorder`)?.size ?? 0),
        }),
      )
    : 'little';
  if (order !== 'little' && order !== 'big')
    fail(entry.offset, `has the byte order '${brief(order)}'; known are little and big`);
  const { value } = readPickle(await zip.read(name), source, entry.offset, allowGlobal);
  const storage = (key: string): string => `${prefix}data/${key}`;
  return {
    source,
    layout: 'zip',
    root: value,
    isBigEndian: order === 'big',
    offset: entry.offset,
    checkStorage: ({ key, size, itemBytes }) => {
      const stored = zip.entries.get(storage(key));
      if (!stored) return fail(entry.offset, `has no storage ${showName(key)}, which a tensor lies in`);
      if (stored.size < size * itemBytes)
        fail(
          stored.offset,
          `has a storage ${showName(key)} of ${stored.size} bytes, which has to take ${size * itemBytes}`,
        );
    },
    readStorage: (key, begin, end) => {
      const isWhole = begin === 0 && end === zip.entries.get(storage(key))?.size;
      return zip.read(storage(key), isWhole ? undefined : { begin, end });
    },
  };
}
