import { readFileSync } from 'node:fs';

interface Judged {
  readonly accuracy: number;
  readonly f1: number;
  readonly rocAuc: number;
  readonly logLoss: number;
}

/** What `tools/golden/data.py` wrote. */
interface Golden {
  readonly scaled: {
    readonly columns: readonly string[];
    readonly standard: readonly (readonly number[])[];
    readonly minmax: readonly (readonly number[])[];
    readonly holes: readonly (readonly [number, number])[];
    readonly mean: readonly number[];
    readonly median: readonly number[];
  };
  readonly encoded: {
    readonly towns: readonly string[];
    readonly categories: readonly string[];
    readonly oneHot: readonly (readonly number[])[];
    readonly ordinal: readonly number[];
  };
  readonly binary: readonly (Judged & { readonly actual: readonly number[]; readonly scores: readonly number[] })[];
  readonly multiclass: readonly (Judged & {
    readonly classes: number;
    readonly actual: readonly number[];
    readonly scores: readonly (readonly number[])[];
  })[];
  readonly multilabel: readonly (Judged & {
    readonly labels: number;
    readonly exact: number;
    readonly actual: readonly (readonly number[])[];
    readonly scores: readonly (readonly number[])[];
  })[];
  readonly regression: readonly {
    readonly outputs: number;
    readonly actual: readonly (readonly number[])[];
    readonly predicted: readonly (readonly number[])[];
    readonly rmse: number;
    readonly mse: number;
    readonly mae: number;
    readonly r2: number;
  }[];
  readonly ridge: { readonly predicted: readonly number[]; readonly weights: readonly number[]; readonly bias: number };
  readonly weights: { readonly labels: readonly number[]; readonly balanced: readonly number[] };
}

export const golden: Golden = JSON.parse(
  readFileSync(new URL('../golden/scikit-learn.json', import.meta.url), 'utf8'),
) as Golden;
