/** Which pictures there are, in an order that is the same everywhere, and of what class each is. */
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { DataError } from '../../errors.ts';
import { inOrderOfValues } from '../../schema/values.ts';
import { cellOf } from '../../table/column.ts';
import { readTable } from '../read-table.ts';

/** A picture and its class. */
export interface ListedPicture {
  readonly path: string;
  readonly label: string;
}

const endings = /\.(?:png|jpe?g|webp)$/i;

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The pictures below a folder, whose first folder is the class of each. They are ordered by the names of their files, then by class, so
 * that classes are mixed as files are numbered. Hidden files, and those that are no pictures by their ending, are passed over.
 * @throws {DataError} where there is none.
 */
export async function listFolder(folder: string): Promise<readonly ListedPicture[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.flatMap((entry) => {
    if (!entry.isFile() || !endings.test(entry.name)) return [];
    const parts = relative(folder, join(entry.parentPath, entry.name)).split(sep);
    if (parts.length < 2 || parts.some((part) => part.startsWith('.'))) return [];
    const [label = '', ...below] = parts;
    return [{ path: join(folder, ...parts), label, name: below.join('/') }];
  });
  if (found.length === 0)
    throw new DataError(folder, {}, 'has no pictures (PNG, JPEG, WebP) in folders that are named by their classes');
  return found
    .toSorted((a, b) => byCode(a.name, b.name) || byCode(a.label, b.label))
    .map(({ path, label }) => ({ path, label }));
}

/** Names of columns that are taken for that of the file, and of the class. */
const fileColumns = ['file', 'path', 'filename', 'image'];
const labelColumns = ['class', 'label', 'target'];

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
 * The pictures that a table lists, in its order. No path may lead out of the folder.
 * @throws {DataError} naming the row that has no file, no class, or a path that leads out.
 */
export async function listManifest(folder: string, manifest: Manifest): Promise<readonly ListedPicture[]> {
  const table = await readTable(manifest.path);
  const nameOf = (told: string | undefined, usual: readonly string[]): string =>
    told ?? usual.find((name) => table.columns.has(name)) ?? usual.join(' or ');
  const [file, label] = [nameOf(manifest.file, fileColumns), nameOf(manifest.label, labelColumns)];
  const [files, labels] = [table.column(file), table.column(label)];
  if (table.rows === 0) throw new DataError(manifest.path, {}, 'lists no pictures');
  return Array.from({ length: table.rows }, (_, row) => {
    const [path, own] = [cellOf(files, row), cellOf(labels, row)];
    const place = { row: row + 1, column: path === null ? file : label };
    if (path === null || own === null)
      throw new DataError(manifest.path, place, 'is missing; name the file and the class of each picture');
    const below = relative(folder, join(folder, String(path)));
    if (isAbsolute(String(path)) || below.startsWith('..'))
      throw new DataError(manifest.path, { row: row + 1, column: file }, `leads out of ${folder}; name files in it`);
    return { path: join(folder, String(path)), label: String(own) };
  });
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
