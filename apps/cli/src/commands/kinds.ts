/** Which kind of data a path holds, and what commands do with each kind: the first in this table that says it is its own. */
import { existsSync, statSync } from 'node:fs';
import { isText, pictureKind } from '@espalier/data/node';
import { tokenTypeOf } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { showPictureData } from './data-pictures.ts';
import { showTableData } from './data-table.ts';
import { showTextData } from './data-text.ts';
import { runPictures } from './run-pictures.ts';
import { runText } from './run-text.ts';
import { runTable } from './run-table.ts';
import { runTokens, showTokens } from './run-tokens.ts';
import type { RecipeOptions } from './recipe-options.ts';
import type { TableOptions } from './table-options.ts';

/** What may be told of data, whatever its kind: each kind refuses what is of another. */
export interface KindOptions extends TableOptions {
  /** Of the split. */
  readonly seed?: number;
  /** Pixels of a side of pictures. */
  readonly size?: number;
}

/** What is told to `espalier run --data` beside. */
export interface KindRunOptions extends RecipeOptions, KindOptions {
  /** Bytes that a run may take. */
  readonly memory?: number;
  /** Tokens that a model sees at once. */
  readonly context?: number;
  /** A model whose tokens texts are read as. */
  readonly tokenizer?: string;
}

/** A kind of data. */
export interface DataKind {
  readonly name: string;
  /** Whether a path that is there is of this kind, as far as names tell. */
  readonly is: (path: string, options: KindOptions) => boolean;
  /** `espalier data`. */
  readonly show: (session: Session, path: string, options: KindOptions) => Promise<void>;
  /** `espalier run --data`, without a recipe. */
  readonly run: (session: Session, path: string, options: KindRunOptions) => Promise<void>;
}

const pictures: DataKind = {
  name: 'pictures',
  is: (path, { target }) => target === undefined && pictureKind(path) !== undefined,
  show: showPictureData,
  run: runPictures,
};

const text: DataKind = {
  name: 'text',
  is: (path, { target, column }) => target === undefined && column === undefined && isText(path),
  show: showTextData,
  run: runText,
};

const tokens: DataKind = {
  name: 'tokens',
  is: (path, { target, column }) => target === undefined && column === undefined && tokenTypeOf(path) !== undefined,
  show: showTokens,
  run: runTokens,
};

const table: DataKind = {
  name: 'table',
  is: () => true,
  show: showTableData,
  run: runTable,
};

/** All kinds; the last takes what no other does. */
const kinds: readonly DataKind[] = [pictures, text, tokens, table];

/**
 * The kind of data that a path holds.
 * @throws {UsageError} when there is nothing at the path.
 */
export function kindOf(path: string, options: KindOptions): DataKind {
  if (!existsSync(path))
    throw new UsageError(
      `${path}: there is no such file or folder: give a table, such as houses.csv, a folder of pictures, or a text`,
    );
  const found = kinds.find(({ is }) => is(path, options)) ?? table;
  if (found === table && statSync(path).isDirectory())
    throw new UsageError(
      `${path}: this folder has no pictures and no texts: give one that has, or the file of a table`,
    );
  return found;
}
