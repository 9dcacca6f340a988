/** How the next token is chosen. */
import { aCount, ruleOf, type OptionRules, type Rule } from '@espalier/tensor/arguments';

/**
 * How the next token is chosen of what a model says: in the order of these options, which is that of Hugging Face. With a
 * temperature of 0 it is the likeliest, of equals the one with the lower id.
 */
export interface SamplingOptions {
  /** Scores of ids that were seen, the prompt's among them, are divided by it where above 0, else multiplied. Default: 1. */
  readonly repetitionPenalty?: number;
  /** Scores are divided by it. Default: 0, the likeliest. */
  readonly temperature?: number;
  /** Only so many of the likeliest, and their equals; 0 is all. Default: 0. */
  readonly topK?: number;
  /** Only the likeliest that have this share together, the one that reaches it among them. Default: 1. */
  readonly topP?: number;
  /** Only those that are this part of the likeliest at least. Default: 0. */
  readonly minP?: number;
  /** Of the draws. Default: 0. */
  readonly seed?: number;
}

const number = (range: string, holds: (value: number) => boolean): Rule<number> =>
  ruleOf(`a finite number ${range}`, (value) => typeof value === 'number' && Number.isFinite(value) && holds(value));

/** Rules of the options. */
export const samplingRules: OptionRules<SamplingOptions> = {
  repetitionPenalty: number('above 0', (value) => value > 0),
  temperature: number('from 0', (value) => value >= 0),
  topK: aCount,
  topP: number('from 0 to 1', (value) => value >= 0 && value <= 1),
  minP: number('from 0 to 1', (value) => value >= 0 && value <= 1),
  seed: aCount,
};
