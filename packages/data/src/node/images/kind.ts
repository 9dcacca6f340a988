/** Whether a path holds pictures, told by names alone: fast, however many there are. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { idxFilesIn, isIdxName } from './idx-files.ts';
import { fileColumns, labelColumns, pictureEndings } from './list.ts';

/** So deep below a folder a picture is looked for. */
const deepest = 4;

/** Whether a folder has a picture somewhere below. */
function hasPicture(folder: string, depth: number): boolean {
  let entries: ReturnType<typeof entriesOf>;
  try {
    entries = entriesOf(folder);
  } catch {
    return false;
  }
  if (entries.some((entry) => pictureEndings.test(entry.name))) return true;
  return (
    depth > 0 &&
    entries.some(
      (entry) => !entry.isFile() && !entry.name.startsWith('.') && hasPicture(join(folder, entry.name), depth - 1),
    )
  );
}

const entriesOf = (folder: string) => readdirSync(folder, { withFileTypes: true });

/** The first bytes of a file, as text. */
function headOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4096);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** Whether a table lists pictures: it has columns for files and classes, and its first row names a picture. */
function listsPictures(path: string): boolean {
  const [head = '', first = ''] = headOf(path).split(/\r?\n/u);
  const names = head.split(/[,;\t]/u).map((name) => name.replaceAll('"', '').trim());
  const row = first.split(/[,;\t]/u).map((value) => value.replaceAll('"', '').trim());
  return (
    names.some((name) => fileColumns.includes(name)) &&
    names.some((name) => labelColumns.includes(name)) &&
    row.some((value) => pictureEndings.test(value))
  );
}

/** What a path holds of pictures: a folder of them, IDX files, a table that lists some, one picture; undefined where none. */
export function pictureKind(path: string): 'folder' | 'idx' | 'manifest' | 'picture' | undefined {
  const found = statSync(path);
  if (found.isDirectory())
    return idxFilesIn(path).length > 0 ? 'idx' : hasPicture(path, deepest) ? 'folder' : undefined;
  if (!found.isFile()) return undefined;
  if (isIdxName(path)) return 'idx';
  if (pictureEndings.test(path)) return 'picture';
  return /\.(?:csv|tsv)$/iu.test(path) && listsPictures(path) ? 'manifest' : undefined;
}
