/** How models are evaluated on a text. */
import type { AbortSignalLike } from '@espalier/nn';
import { aSignal } from '@espalier/nn/arguments';
import {
  aFunction,
  anInteger,
  aPositiveInteger,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { protocols, type Protocol } from './protocol.ts';
import type { Tokens } from './windows.ts';

/** Options of what goes through a text. */
export interface EvaluateTextOptions {
  /** Which tokens are scored, after how many others. Default: p1. */
  readonly protocol?: Protocol;
  /** Tokens of a window. Default: what the protocol says, 512 or 2,048. */
  readonly chunk?: number;
  /** How many windows are looked at, at most. Default: all that the text fills. */
  readonly chunks?: number;
  /** Windows that are computed together. Default: as many as have 512 tokens, one at least. */
  readonly batch?: number;
  /** The id that texts begin with, of a model that wants one: under p1 it takes the place of the first one of each window. */
  readonly begin?: number;
  readonly signal?: AbortSignalLike;
  /** Told after each batch how far it is. */
  readonly onProgress?: (progress: EvaluateTextProgress) => void;
}

/** How far an evaluation is. */
export interface EvaluateTextProgress {
  /** Windows that are done. */
  readonly chunks: number;
  /** Of these windows, of the first model. */
  readonly perplexity: number;
}

/** Their rules. */
export const evaluateTextRules: OptionRules<EvaluateTextOptions> = {
  protocol: oneOf<Protocol>(...(Object.keys(protocols) as Protocol[])),
  chunk: aPositiveInteger,
  chunks: aPositiveInteger,
  batch: aPositiveInteger,
  begin: anInteger,
  signal: aSignal,
  onProgress: aFunction as Rule<(progress: EvaluateTextProgress) => void>,
};

/** Tokens. */
export const someTokens: Rule<Tokens> = ruleOf<Tokens>(
  'an Int32Array of ids, or an iterable of such',
  (value) =>
    value instanceof Int32Array ||
    (typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)),
);
