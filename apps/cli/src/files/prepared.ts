/** Models that say how their data was prepared: those of a table, of pictures, of texts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '@espalier/nn';
import { isWholeSource, lessonAgain, type Lesson } from '@espalier/pipeline';
import { UsageError } from '../errors.ts';

/** What a model says of how its data was prepared, if it does. What is wrong with its files is said by who loads them. */
function preparationIn(folder: string): Json | undefined {
  try {
    const config: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    return Reflect.get(Object(Reflect.get(Object(config), 'metadata')), 'preparation') as Json | undefined;
  } catch {
    return undefined;
  }
}

/** Whether a model says how its data was prepared. */
export function isPrepared(folder: string): boolean {
  return preparationIn(folder) !== undefined;
}

/** What such models are of, and what to name, by the source of their data. */
const remedies: Readonly<Record<string, string>> = {
  table: 'a table: name rows by --data, such as houses.csv',
  pictures: 'pictures: name some by --data, such as flowers',
  text: 'texts: name some by --data, such as book.txt',
  tokens: 'tokens: name a file of them by --data, such as corpus.u16',
};

/**
 * Makes sure that data of the kind that a model was made of is named, and no digits.
 * @throws {UsageError} where it is not, with what to name.
 */
export function requireOwnKind(folder: string, from: string, data: string): void {
  const preparation = preparationIn(folder);
  if (preparation === undefined || !isWholeSource(data)) return;
  const kind: unknown = Reflect.get(Object(preparation), 'source') ?? 'table';
  const remedy = typeof kind === 'string' ? remedies[kind] : undefined;
  throw new UsageError(`${from}: this model is of ${remedy ?? 'data of its own: name more of it by --data'}`);
}

/**
 * What a model learns on, and is judged by, from data of the kind that it was made of; undefined of one that says nothing of its data.
 * @param seed of the parts, where the model does not say how its data was parted
 * @throws {UsageError} for data that it cannot go on with.
 */
export function preparedLesson(folder: string, from: string, data: string, seed: number): Lesson | undefined {
  const preparation = preparationIn(folder);
  if (preparation === undefined) return undefined;
  requireOwnKind(folder, from, data);
  return lessonAgain({ preparation, from, path: data, seed });
}
