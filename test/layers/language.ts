// The layers of @espalier/language, the lowest first.
import type { Layers } from './layers.ts';

/** Texts and draws know nothing of models; generation brings both together. */
export const language: Layers = {
  arrows: {
    tokenizer: [],
    'errors.ts': [],
    template: ['errors.ts', 'tokenizer'],
    sample: [],
    generate: ['tokenizer', 'sample'],
    open: ['template', 'tokenizer', 'generate'],
    evaluate: ['tokenizer'],
    embed: ['tokenizer', 'generate', 'open'],
    compress: ['sample', 'generate', 'evaluate', 'embed'],
    node: ['tokenizer', 'open', 'embed', 'compress'],
  },
  exceptions: [],
};
