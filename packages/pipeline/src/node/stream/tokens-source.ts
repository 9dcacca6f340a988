/** A file of tokens as data of a run: sequences, each to be told the next token at every place. */
import { existsSync } from 'node:fs';
import type { Device } from '@espalier/tensor';
import type { Judge } from '../../data/judgement.ts';
import type { DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { text, wholeNumber } from '../../fields.ts';
import { sequences } from '../text/open-text.ts';
import { judgeByTokens, judgeTokensOn, predictTokens } from './judge-tokens.ts';
import { openTokens, type TokensUse } from './open-tokens.ts';

/** Judges by the end of the file: loss in nats a token, and perplexity. */
async function judgeTokens(use: TokensUse, device: Device): Promise<Judge> {
  const { test, vocabulary, close } = await openTokens(use, device);
  await close();
  return judgeByTokens(test, { context: use.context, vocabulary, device });
}

/** A file of tokens, of any size. */
export const tokensSource: DataSource<TokensUse> = {
  name: 'tokens',
  options: { file: text, seed: wholeNumber(0), context: wholeNumber(2, 4096), memory: wholeNumber(1), kept: text },
  check: ({ file }) => {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file: give tokens, such as corpus.u16`);
  },
  reads: ({ file }) => [file],
  open: async (use, device) => {
    const { train, sample, validate, test, vocabulary } = await openTokens(use, device);
    const { context } = use;
    return {
      train,
      sample,
      validate: sequences(validate, context, device),
      test: sequences(test, context, device),
      input: [context],
      classes: vocabulary,
      preparation: { source: 'tokens', context, vocabulary },
    };
  },
  judge: judgeTokens,
  judgeOn: judgeTokensOn,
  predict: predictTokens,
};
