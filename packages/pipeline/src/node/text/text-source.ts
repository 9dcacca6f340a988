/** Texts as data of a run: sequences of tokens, each to be told the next one. */
import { existsSync } from 'node:fs';
import { byteCount } from '@espalier/data';
import type { DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { optional, text, wholeNumber } from '../../fields.ts';
import { partingOf, withParting } from '../saved-preparation.ts';
import { judgeText, judgeTextOn } from './judge-text.ts';
import {
  openText,
  preparationOf,
  readTextPreparation,
  sequences,
  tokenNames,
  vocabularyOf,
  type TextUse,
} from './open-text.ts';
import { predictText } from './predict-text.ts';

/** Whether a list of pairs is one, by the way that those of a saved model are read. */
function arePairs(pairs: unknown): boolean {
  try {
    readTextPreparation({ context: 1, pairs });
    return true;
  } catch {
    return false;
  }
}

/** The text of a file, or of all files in a folder. */
export const textSource: DataSource<TextUse> = {
  name: 'text',
  options: {
    path: text,
    seed: wholeNumber(0),
    context: optional(wholeNumber(2, 4096)),
    tokens: optional(wholeNumber(byteCount, 2 ** 15)),
    pairs: { allowed: 'a list of pairs of tokens, each of those before it', optional: true, accepts: arePairs },
  },
  check: ({ path }) => {
    if (!existsSync(path)) throw new UsageError(`${path}: there is no such file: give a text, such as book.txt`);
  },
  reads: ({ path }) => [path],
  open: async (use, device) => {
    const { train, test, preparation } = await openText(use);
    const { context } = preparation;
    return {
      train: sequences(train, context, device),
      test: sequences(test, context, device),
      input: [context],
      classes: vocabularyOf(preparation),
      classNames: tokenNames(preparation),
      preparation: withParting(preparation, use),
    };
  },
  judge: judgeText,
  judgeOn: judgeTextOn,
  predict: predictText,
  goOn: ({ preparation, from, path, seed }) => {
    const { context, pairs } = preparationOf(from, preparation);
    return {
      source: { source: 'text', options: { path, context, pairs, ...partingOf(preparation, seed) } },
      task: 'next-token',
    };
  },
};
