/** Texts to vectors: a model of hidden states, its tokenizer and its pooling. */
import type { LanguageDescription } from '@espalier/models';
import { breather, callContext, throwIfAborted, type AbortSignalLike, type Module } from '@espalier/nn';
import { aSignal } from '@espalier/nn/arguments';
import {
  arange,
  ArgumentError,
  compile,
  fromTyped,
  noGrad,
  type Compiled,
  type Device,
  type Tensor,
} from '@espalier/tensor';
import { aPositiveInteger, aText, check, checkOptions, listOf, type OptionRules } from '@espalier/tensor/arguments';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { pooled, type Pooling } from './pooling.ts';

/** How texts are embedded. */
export interface EmbedOptions {
  /** Tokens that are computed together, about. Default: 1,024. */
  readonly batchTokens?: number;
  readonly signal?: AbortSignalLike;
}

const embedRules: OptionRules<EmbedOptions> = { batchTokens: aPositiveInteger, signal: aSignal };

/** Vectors of texts. */
export interface Embeddings {
  /** Row by row: [texts, width]. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly width: number;
  /** Tokens of all texts, those around them too. */
  readonly tokens: number;
  /** Texts that were longer than the model takes, and were cut. */
  readonly cut: number;
}

/** What texts are filled up to: steps are recorded for few lengths, and little is computed for nothing. */
const lengthStep = 4;
/** Each recording keeps the memory that it computes in. */
const mostRecordings = 32;

/** What it is made of. */
export interface TextEmbedderParts {
  readonly module: Module;
  readonly description: LanguageDescription;
  readonly tokenizer: Tokenizer;
  readonly pooling: Pooling;
  /** The most tokens of a text, those around it too. */
  readonly longest: number;
}

/** A model that gives a vector for a text. */
export class TextEmbedder {
  readonly module: Module;
  readonly description: LanguageDescription;
  readonly tokenizer: Tokenizer;
  readonly pooling: Pooling;
  readonly longest: number;
  readonly #device: Device;
  readonly #step: Compiled<[Tensor, Tensor], Tensor>;

  constructor({ module, description, tokenizer, pooling, longest }: TextEmbedderParts) {
    this.module = module;
    this.description = description;
    this.tokenizer = tokenizer;
    this.pooling = pooling;
    this.longest = longest;
    const [parameter] = module.parameters();
    if (!parameter) throw new ArgumentError('TextEmbedder', 'the model has no parameter, and no device');
    this.#device = parameter.device;
    this.#step = compile((ids: Tensor, lengths: Tensor) =>
      noGrad(() => {
        const columns = arange(0, ids.shape[1] ?? 0, 1, { dtype: 'i32', device: this.#device });
        const present = columns.lt(lengths.unsqueeze(1));
        const slots = { attentionMask: present.unsqueeze(1).unsqueeze(1) };
        const states = module.call(ids, callContext({ slots })).cast('f32');
        return pooled(states, present.unsqueeze(2).cast('f32'), this.pooling);
      }),
    );
  }

  /**
   * The vectors of some texts, in their order; texts of like lengths are computed together. What is longer than the model takes is
   * cut, and counted.
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Embeddings> {
    check('embed', 'texts', texts, listOf(aText));
    const { batchTokens = 1024, signal } = checkOptions('embed', options, embedRules);
    const width = this.description.width;
    const rows = texts.map((text, index) => ({ index, ...this.#idsOf(text) }));
    const values = new Float32Array(texts.length * width);
    const pause = breather(100);
    for (const { rows: batch, length } of batchesOf(rows, batchTokens, this.longest)) {
      throwIfAborted(signal);
      const ids = new Int32Array(batch.length * length);
      for (const [row, each] of batch.entries()) ids.set(each.ids, row * length);
      const device = this.#device;
      using given = fromTyped(ids, [batch.length, length], { device });
      using lengths = fromTyped(Int32Array.from(batch.map((each) => each.ids.length)), [batch.length], { device });
      using found = this.#step(given, lengths);
      const data = (await found.data()) as Float32Array;
      for (const [row, { index }] of batch.entries())
        values.set(data.subarray(row * width, (row + 1) * width), index * width);
      if (this.#step.recordings > mostRecordings) this.#step.dispose();
      await pause();
    }
    return {
      values,
      width,
      tokens: rows.reduce((sum, { ids }) => sum + ids.length, 0),
      cut: rows.filter(({ isCut }) => isCut).length,
    };
  }

  /** Forgets what was recorded, and frees its memory. */
  dispose(): void {
    this.#step.dispose();
  }

  #idsOf(text: string): { readonly ids: Int32Array; readonly isCut: boolean } {
    const ids = this.tokenizer.encode(text);
    if (ids.length <= this.longest) return { ids, isCut: false };
    const plain = this.tokenizer.encode(text, { frame: false });
    const before = ids.findIndex((_, at) => plain.every((id, index) => id === ids[at + index]));
    const after = ids.subarray(before + plain.length);
    return { ids: Int32Array.from([...ids.subarray(0, this.longest - after.length), ...after]), isCut: true };
  }
}

interface Row {
  readonly index: number;
  readonly ids: Int32Array;
}

/** Rows of like lengths together, each filled up to the length of the batch. */
function* batchesOf<R extends Row>(
  rows: readonly R[],
  tokens: number,
  longest: number,
): Generator<{ readonly rows: readonly R[]; readonly length: number }> {
  const byLength = new Map<number, R[]>();
  for (const row of rows) {
    const length = Math.min(longest, Math.max(1, Math.ceil(row.ids.length / lengthStep)) * lengthStep);
    const group = byLength.get(length);
    if (group) group.push(row);
    else byLength.set(length, [row]);
  }
  for (const [length, group] of byLength) {
    const size = Math.max(1, Math.floor(tokens / length));
    for (let at = 0; at < group.length; at += size) yield { rows: group.slice(at, at + size), length };
  }
}
