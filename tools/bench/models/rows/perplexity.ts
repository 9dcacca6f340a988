/** Perplexity beside llama.cpp's on the same weights, and what weights in blocks cost beside the same as f32. */
import {
  compareLanguageModels,
  encodeParts,
  measurePerplexity,
  type OpenedLanguage,
  type OpenLanguageOptions,
} from '@espalier/language';
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
  const open = (options: OpenLanguageOptions): Promise<OpenedLanguage> => openLanguageAt(path ?? '', options);
  const perplexity = (windows: number): Row => ({
    name: `smollm2/perplexity-${windows}`,
    target: `after ${windows} windows beside llama.cpp <= ${allowed}`,
    missing,
    measure: async ({ kept }) => {
      const found = await kept(`smollm2-perplexity-${windows}`, async () => {
        const { decoder, tokenizer } = await open({ weights: 'f32' });
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
  const divergence = (name: string, what: string, limit: number, options: OpenLanguageOptions): Row => ({
    name: `smollm2/${name}`,
    target: `mean KL of ${what} from f32 weights, ${windows} windows <= ${limit}`,
    missing,
    measure: async ({ kept }) => {
      const found = await kept(`smollm2-${name}`, async () => {
        const [base, blocks] = [await open({ weights: 'f32' }), await open(options)];
        const tokens = encodeParts(base.tokenizer, brownText('eval'));
        const apart = await compareLanguageModels(base.decoder.model, blocks.decoder.model, tokens, {
          chunks: windows,
        });
        const { mean, worst } = apart.divergence;
        return { kl: mean, worst, top: apart.sameTop.value, loss: apart.lossDifference.mean };
      });
      return atMost(limit, found.kl, found);
    },
  });
  return [
    perplexity(3),
    perplexity(51),
    divergence('stored', 'stored', 1e-5, {}),
    divergence('stored-int8', 'stored weights and activations of 8 bits', 2.8e-3, { activations: 'int8-groups' }),
  ];
}
