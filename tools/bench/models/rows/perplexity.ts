/** Perplexity beside llama.cpp's on the same weights, and what weights in blocks cost beside the same as f32. */
import { compareLanguageModels, encodeParts, measurePerplexity, type OpenedLanguage } from '@espalier/language';
import { openLanguageAt } from '@espalier/language/node';
import { atMost, type Row } from '../../optimize/row.ts';
import { brownText, findCheckpoint, smolLm2 } from '../checkpoints.ts';
import type { Places } from '../places.ts';

/** llama.cpp's on f32 weights, after so many windows of 512. Source: llama-perplexity of llama.cpp, of node-llama-cpp 3.21.1. */
const peer: readonly (readonly [windows: number, perplexity: number])[] = [
  [1, 27.4566],
  [2, 26.1513],
  [3, 27.867],
  [16, 29.85],
  [51, 28.948],
];
const allowed = 1e-3;

/** The rows of SmolLM2. */
export function perplexityRows({ checkpoints }: Places): readonly Row[] {
  const path = findCheckpoint(checkpoints, smolLm2);
  const missing = (): string | undefined => (path === undefined ? `${smolLm2.file} of ${smolLm2.from}` : undefined);
  const open = (weights: 'stored' | 'f32'): Promise<OpenedLanguage> => openLanguageAt(path ?? '', { weights });
  const perplexity = (windows: number): Row => ({
    name: `smollm2/perplexity-${windows}`,
    target: `after ${windows} windows beside llama.cpp <= ${allowed}`,
    missing,
    measure: async ({ kept }) => {
      const found = await kept(`smollm2-perplexity-${windows}`, async () => {
        const { decoder, tokenizer } = await open('f32');
        const running: number[] = [];
        await measurePerplexity(decoder.model, encodeParts(tokenizer, brownText('eval')), {
          chunks: windows,
          batch: 1,
          onProgress: (progress) => running.push(progress.perplexity),
        });
        return running;
      });
      const known = peer.filter(([window]) => window <= windows);
      const [last, theirs] = known.at(-1) as readonly [number, number];
      return atMost(allowed, Math.abs((found[last - 1] ?? Number.NaN) - theirs), {
        ours: known.map(([window]) => found[window - 1] ?? Number.NaN),
        peer: known.map(([, each]) => each),
      });
    },
  });
  const windows = 16;
  const stored: Row = {
    name: 'smollm2/stored',
    target: `mean KL of stored from f32 weights, ${windows} windows <= 1e-5`,
    missing,
    measure: async ({ kept }) => {
      const found = await kept('smollm2-stored', async () => {
        const [base, blocks] = [await open('f32'), await open('stored')];
        const tokens = encodeParts(base.tokenizer, brownText('eval'));
        const { divergence, sameTop, lossDifference } = await compareLanguageModels(
          base.decoder.model,
          blocks.decoder.model,
          tokens,
          { chunks: windows },
        );
        return { kl: divergence.mean, worst: divergence.worst, top: sameTop.value, loss: lossDifference.mean };
      });
      return atMost(1e-5, found.kl, found);
    },
  };
  return [perplexity(3), perplexity(51), stored];
}
