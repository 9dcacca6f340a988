/** Pictures in IDX files, packed by gzip or not: four of them under MNIST's names in a folder, or one with its labels beside it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FormatError, parseIdx } from '@espalier/nn';
import { DataError } from '../../errors.ts';
import type { Part } from './list.ts';

/** Images with the label of each. */
export interface IdxPair {
  readonly images: string;
  /** [count, height, width]. */
  readonly shape: readonly [number, number, number];
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly part?: Part;
}

/** A packed file may unpack to so many bytes (MNIST's images are 47 MB), or to so many times its own, so that it does not fill the memory. */
const [freeUnpacked, mostTimes] = [64 * 2 ** 20, 100];

const imagesName = /(?:^|[-_.])images[-_.]idx3[-_.]ubyte(?:\.gz)?$/i;

/** Whether the name of a file is that of images in IDX. */
export const isIdxName = (path: string): boolean => imagesName.test(basename(path));

/** The names that the images of a part may have. */
const namesOf = (part: string): readonly string[] =>
  ['-images-idx3-ubyte', '-images.idx3-ubyte'].flatMap((name) => [`${part}${name}`, `${part}${name}.gz`]);

const firstThere = (folder: string, names: readonly string[]): string | undefined =>
  names.map((name) => join(folder, name)).find((path) => existsSync(path));

/** The files of images that a folder has under MNIST's names, by part. */
export function idxFilesIn(folder: string): readonly { readonly path: string; readonly part: Part }[] {
  const train = firstThere(folder, namesOf('train'));
  const test = firstThere(folder, ['t10k', 'test'].flatMap(namesOf));
  return [
    ...(train ? [{ path: train, part: 'train' as const }] : []),
    ...(test ? [{ path: test, part: 'test' as const }] : []),
  ];
}

const unpack = promisify(gunzip);

/** @throws {FormatError} for a packed file that is damaged, or too large. */
async function bytesIn(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await unpack(bytes, { maxOutputLength: Math.max(freeUnpacked, mostTimes * bytes.length) });
  } catch (error) {
    throw new FormatError(path, 0, `cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The file of labels beside one of images. */
function labelsBeside(images: string): string {
  const name = basename(images)
    .replace(/images/i, 'labels')
    .replace(/idx3/i, 'idx1')
    .replace(/\.gz$/i, '');
  const found = firstThere(dirname(images), [name, `${name}.gz`]);
  if (found) return found;
  throw new DataError(images, {}, `has no labels beside it: put ${name} into its folder`);
}

/**
 * Images and their labels.
 * @throws {DataError} where the labels are not there.
 * @throws {FormatError} with file and offset of what is damaged, and for images and labels that do not match.
 */
export async function readIdxPair(
  images: string,
  labels: string = labelsBeside(images),
  part?: Part,
): Promise<IdxPair> {
  const { shape, data: pixels } = parseIdx(await bytesIn(images), images, 3);
  const marks = parseIdx(await bytesIn(labels), labels, 1);
  const [count = 0, height = 0, width = 0] = shape;
  if (marks.shape[0] !== count)
    throw new FormatError(
      labels,
      4,
      `it has ${marks.shape[0]} labels for the ${count} images of ${images}; use files of the same set`,
    );
  if (height === 0 || width === 0)
    throw new FormatError(images, 8, `its images have ${height} × ${width} pixels; use images that show something`);
  return { images, shape: [count, height, width], pixels, labels: marks.data, ...(part && { part }) };
}
