/** Pictures with their classes, wherever they are: in folders, listed by a table, or in IDX files. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { DataError } from '../../errors.ts';
import type { PictureShape } from '../../pictures/picture-dataset.ts';
import { decodePicture, digestOf, fitPixels, lookAt, type Look } from './decode.ts';
import { idxFilesIn, isIdxName, readIdxPair, type IdxPair } from './idx-files.ts';
import { listFolder, listManifest, pictureEndings, picturesBelow, type ListedPicture, type Part } from './list.ts';

/** A picture of a gallery. */
export interface GalleryPicture {
  /** Its path, or its file and number in it. */
  readonly path: string;
  /** Its path from the gallery, with `/`. */
  readonly name: string;
  /** Its class; empty where none is told. */
  readonly label: string;
  /** Where parts are told. */
  readonly part?: Part;
  /**
   * What its head says.
   * @throws {FormatError} naming the file, for a broken one.
   */
  readonly look: () => Promise<Look>;
  /**
   * Its pixels [channels, height, width] as bytes.
   * @throws {FormatError} naming the file, for a broken one.
   */
  readonly decode: (shape: PictureShape) => Promise<Uint8Array>;
}

/** Pictures with their classes. */
export interface Gallery {
  /** Where it is. */
  readonly source: string;
  readonly pictures: readonly GalleryPicture[];
  /** Folders of classes that hold no picture. */
  readonly empty: readonly string[];
  /** Files in folders of classes that are no pictures by their ending. */
  readonly passedOver?: readonly string[];
}

/** Names of tables that list the pictures of the folder that they lie in. */
const manifestNames = ['manifest.csv', 'labels.csv'] as const;

function ofFile(folder: string, { path, label, part }: ListedPicture): GalleryPicture {
  return {
    path,
    name: relative(folder, path).replaceAll('\\', '/'),
    label,
    ...(part && { part }),
    look: () => lookAt(path),
    decode: (shape) => decodePicture(path, shape),
  };
}

function ofIdx({ images, shape, pixels, labels, part }: IdxPair): GalleryPicture[] {
  const [count, height, width] = shape;
  const size = height * width;
  return Array.from({ length: count }, (_, index): GalleryPicture => {
    const path = `${images}[${index}]`;
    const own = pixels.subarray(index * size, (index + 1) * size);
    return {
      path,
      name: `${basename(images)}[${index}]`,
      label: String(labels[index]),
      ...(part && { part }),
      look: async () => ({ height, width, isGrey: true, digest: digestOf(own) }),
      decode: (wanted) => fitPixels(path, own, { height, width }, wanted),
    };
  });
}

/** The table of a folder that lists its pictures, if it has one. */
const manifestIn = (folder: string): string | undefined =>
  manifestNames.map((name) => join(folder, name)).find((path) => existsSync(path));

/**
 * The pictures of a folder by class (with parts `train` and `test`, or without), of a table that lists them or a folder with one, of a
 * folder with IDX files under MNIST's names, or of one such file.
 * @throws {DataError} where there are none, naming what is wrong.
 * @throws {FormatError} with file and offset, for damaged IDX files.
 */
export async function openGallery(path: string): Promise<Gallery> {
  if (!statSync(path).isDirectory()) return openFile(path);
  const pairs = idxFilesIn(path);
  if (pairs.length > 0) {
    const isParted = pairs.length === 2;
    const read = await Promise.all(
      pairs.map((pair) => readIdxPair(pair.path, undefined, isParted ? pair.part : undefined)),
    );
    return { source: path, pictures: read.flatMap(ofIdx), empty: [] };
  }
  const manifest = manifestIn(path);
  const { pictures, ...found } = manifest ? await listManifest(path, { path: manifest }) : await listFolder(path);
  return { source: path, pictures: pictures.map((each) => ofFile(path, each)), ...found };
}

async function openFile(path: string): Promise<Gallery> {
  if (isIdxName(path)) return { source: path, pictures: ofIdx(await readIdxPair(path)), empty: [] };
  if (pictureEndings.test(path))
    throw new DataError(path, {}, 'is one picture, without a class: give a folder with a folder of pictures a class');
  const folder = dirname(path);
  const { pictures } = await listManifest(folder, { path });
  return { source: path, pictures: pictures.map((each) => ofFile(folder, each)), empty: [] };
}

/**
 * Pictures that are asked about: one file, all below a folder whatever they lie in, those that a table lists, or IDX files.
 * @throws {DataError} where there are none.
 */
export async function openUnlabelled(path: string): Promise<Gallery> {
  const isFolder = statSync(path).isDirectory();
  if (!isFolder && pictureEndings.test(path))
    return { source: path, pictures: [ofFile(dirname(path), { path, label: '' })], empty: [] };
  if (!isFolder || idxFilesIn(path).length > 0) return openGallery(path);
  const names = await picturesBelow(path);
  if (names.length === 0) throw new DataError(path, {}, 'has no pictures (PNG, JPEG, WebP) in it');
  const pictures = names.map((name) => ofFile(path, { path: join(path, name), label: '' }));
  return { source: path, pictures, empty: [] };
}
