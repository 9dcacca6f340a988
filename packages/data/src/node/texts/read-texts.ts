/** Texts in files: one, or all in a folder. */
import { readFile } from 'node:fs/promises';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from '@espalier/nn';
import { decodeUtf8 } from '@espalier/nn/format';
import { findNonUtf8 } from '../../bytes/utf8.ts';
import { DataError } from '../../errors.ts';
import { orRefused, walk } from '../walk.ts';

/** A text and the file that it is from. */
export interface NamedText {
  readonly path: string;
  /** Its path from the folder, with `/`. */
  readonly name: string;
  readonly text: string;
}

/** Names of files that are texts. */
const endings = /\.(?:txt|text|md|rst|tex|html?)$/i;

/** Whether a path holds texts, told by names alone: a file with such a name, or a folder with one somewhere below. */
export function isText(path: string, deepest = 4): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found?.isFile() === true && endings.test(path);
  if (deepest === 0) return false;
  return readdirSync(path).some((name) => !name.startsWith('.') && isText(join(path, name), deepest - 1));
}

/** @throws {FormatError} with the offset of what is not UTF-8. */
async function read(path: string, name: string): Promise<NamedText> {
  const bytes = await orRefused(path, () => readFile(path));
  // A mark of the byte order is no text.
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const text = decodeUtf8(bytes, start);
  if (text !== undefined) return { path, name, text };
  const at = findNonUtf8(bytes, start, bytes.length);
  throw new FormatError(path, at, 'is not UTF-8: save it in this encoding');
}

/**
 * Where texts are: a file, or all files below a folder, by their names (.txt, .md and the like).
 * @throws {DataError} for a folder without any, and a link that leads nowhere.
 */
export async function findTexts(path: string): Promise<readonly Omit<NamedText, 'text'>[]> {
  if (!statSync(path).isDirectory()) return [{ path, name: path.split(/[/\\]/u).at(-1) ?? path }];
  const { files } = await walk(path);
  const names = files.filter((name) => endings.test(name)).toSorted((a, b) => (a < b ? -1 : 1));
  if (names.length === 0) throw new DataError(path, {}, 'has no texts (.txt, .md, .rst, .tex, .html) in it');
  return names.map((name) => ({ path: join(path, name), name }));
}

/**
 * The text of a file, or those of all files below a folder by their names (.txt, .md and the like).
 * @throws {DataError} as `findTexts`, and for what may not be read.
 * @throws {FormatError} with file and offset, for what is not UTF-8.
 */
export async function readTexts(path: string): Promise<readonly NamedText[]> {
  const texts: NamedText[] = [];
  for (const each of await findTexts(path)) texts.push(await read(each.path, each.name));
  return texts;
}
