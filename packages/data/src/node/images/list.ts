/** Which pictures there are, in an order that is the same everywhere, of what class each is, and in which part. */
import { isAbsolute, join, relative } from 'node:path';
import { DataError } from '../../errors.ts';
import { inOrderOfValues } from '../../schema/values.ts';
import { cellOf } from '../../table/column.ts';
import { readTable } from '../read-table.ts';
import { walk } from '../walk.ts';

/** A part that pictures are in, where somebody says which. */
export type Part = 'train' | 'test';

/** A picture and its class. */
export interface ListedPicture {
  readonly path: string;
  readonly label: string;
  /** Where parts are told. */
  readonly part?: Part;
}

/** Pictures by class. */
export interface PictureList {
  readonly pictures: readonly ListedPicture[];
  /** Folders of classes that hold no picture. */
  readonly empty: readonly string[];
  /** Files in folders of classes that are no pictures by their ending. */
  readonly passedOver: readonly string[];
}

/** Names of files that are pictures. */
export const pictureEndings: RegExp = /\.(?:png|jpe?g|webp)$/i;

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Placed extends ListedPicture {
  readonly name: string;
}

const sorted = (found: readonly Placed[]): readonly ListedPicture[] =>
  found
    .toSorted((a, b) => byCode(b.part ?? '', a.part ?? '') || byCode(a.name, b.name) || byCode(a.label, b.label))
    .map(({ path, label, part }) => ({ path, label, ...(part && { part }) }));

/** The paths of pictures below a folder, by their names. */
export async function picturesBelow(folder: string): Promise<readonly string[]> {
  const { files } = await walk(folder);
  return files.filter((name) => pictureEndings.test(name)).toSorted(byCode);
}

/**
 * The pictures below a folder, whose first folder is the class of each; or below its folders `train` and `test`, where it has both. They
 * are ordered by part, by the names of their files, then by class, so that classes are mixed as files are numbered. Hidden files, and those that
 * are no pictures by their ending, are passed over.
 * @throws {DataError} where there is none, and for a folder beside `train` and `test`.
 */
export async function listFolder(folder: string): Promise<PictureList> {
  const { files, folders } = await walk(folder);
  const top = folders.filter((name) => !name.includes('/'));
  const parts = (['train', 'test'] as const).filter((name) => top.includes(name));
  const isParted = parts.length === 2;
  const others = top.filter((name) => name !== 'train' && name !== 'test');
  if (isParted && others.length > 0)
    throw new DataError(
      join(folder, others[0] ?? ''),
      {},
      'lies beside train and test: move its pictures into one of them, or the folder away',
    );
  const depth = isParted ? 2 : 1;
  const found = files.flatMap((file): Placed[] => {
    const names = file.split('/');
    if (!pictureEndings.test(file) || names.length <= depth) return [];
    const [part, label = ''] = isParted ? names : [undefined, ...names];
    const name = names.slice(depth).join('/');
    return [{ path: join(folder, ...names), label, name, ...(isParted && { part: part as Part }) }];
  });
  if (found.length === 0)
    throw new DataError(folder, {}, 'has no pictures (PNG, JPEG, WebP) in folders that are named by their classes');
  const full = new Set(found.map(({ path }) => relative(folder, path).split(/[/\\]/u).slice(0, depth).join('/')));
  const empty = folders.filter((name) => name.split('/').length === depth && !full.has(name));
  const passedOver = files.filter((file) => file.split('/').length > depth && !pictureEndings.test(file));
  const paths = (names: readonly string[]): string[] => names.toSorted(byCode).map((name) => join(folder, name));
  return { pictures: sorted(found), empty: paths(empty), passedOver: paths(passedOver) };
}

/** Names of columns that are taken for that of the file, of the class, and of the part. */
export const fileColumns: readonly string[] = ['file', 'path', 'filename', 'image'];
export const labelColumns: readonly string[] = ['class', 'label', 'target'];
const partColumns: readonly string[] = ['part', 'split'];

/** A table that lists pictures. */
export interface Manifest {
  /** The table: a path. */
  readonly path: string;
  /** The column of files, by paths from the folder. Default: the first of file, path, filename and image. */
  readonly file?: string;
  /** The column of classes. Default: the first of class, label and target. */
  readonly label?: string;
}

/**
 * The pictures that a table lists, in its order; a column `part` or `split` says which are for `train` and `test`. No path may lead out
 * of the folder.
 * @throws {DataError} naming the row that has no file, no class, a path that leads out, or a part that is none.
 */
export async function listManifest(folder: string, manifest: Manifest): Promise<PictureList> {
  const table = await readTable(manifest.path);
  const nameOf = (told: string | undefined, usual: readonly string[]): string =>
    told ?? usual.find((name) => table.columns.has(name)) ?? usual.join(' or ');
  const [file, label] = [nameOf(manifest.file, fileColumns), nameOf(manifest.label, labelColumns)];
  const [files, labels] = [table.column(file), table.column(label)];
  const partColumn = partColumns.find((name) => table.columns.has(name));
  const parts = partColumn === undefined ? undefined : table.column(partColumn);
  if (table.rows === 0) throw new DataError(manifest.path, {}, 'lists no pictures');
  const pictures = Array.from({ length: table.rows }, (_, row): ListedPicture => {
    const [path, own] = [cellOf(files, row), cellOf(labels, row)];
    const place = { row: row + 1, column: path === null ? file : label };
    if (path === null || own === null)
      throw new DataError(manifest.path, place, 'is missing; name the file and the class of each picture');
    const below = relative(folder, join(folder, String(path)));
    if (isAbsolute(String(path)) || below.startsWith('..'))
      throw new DataError(manifest.path, { row: row + 1, column: file }, `leads out of ${folder}; name files in it`);
    const part = parts && cellOf(parts, row);
    if (parts && part !== 'train' && part !== 'test')
      throw new DataError(
        manifest.path,
        { row: row + 1, column: partColumn ?? '' },
        `is ${JSON.stringify(part)}; give train or test`,
      );
    return { path: join(folder, String(path)), label: String(own), ...(parts && { part: part as Part }) };
  });
  return { pictures, empty: [], passedOver: [] };
}

/**
 * The classes of pictures in order: all there are, or those that are stated.
 * @throws {DataError} naming the picture that is of none of these.
 */
export function classesOf(
  source: string,
  pictures: readonly ListedPicture[],
  stated?: readonly string[],
): readonly string[] {
  const found = inOrderOfValues([...new Set(pictures.map(({ label }) => label))]);
  if (!stated) return found;
  const other = pictures.find(({ label }) => !stated.includes(label));
  if (!other) return stated;
  throw new DataError(
    source,
    {},
    `${other.path} is of the class '${other.label}', which is none of ${stated.join(', ')}`,
  );
}
