/** What every family of models of texts is described by. */
import type { ModuleConfig } from '@espalier/nn';
import { aCount, anyJson, aPositive, type OptionRulesOf } from '../options.ts';

/** A model of texts in few words, as far as all have them. */
export interface TextModel {
  readonly vocabulary: number;
  /** Features of each position between layers. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** The longest sequence that it was made for. */
  readonly context: number;
  /** Of all norms. */
  readonly epsilon?: number;
  /** Of the feed-forward part. */
  readonly activation?: string | ModuleConfig;
}

/** What they have to be. */
export const textRules: OptionRulesOf<TextModel> = {
  vocabulary: aCount,
  width: aCount,
  layers: aCount,
  heads: aCount,
  context: aCount,
  epsilon: aPositive,
  activation: anyJson,
};

/** Those that a description needs. */
export const textNeeded: readonly (keyof TextModel)[] = ['vocabulary', 'width', 'layers', 'heads', 'context'];
