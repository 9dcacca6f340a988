import { readFileSync } from 'node:fs';

type Values = number | readonly Values[];

/** What tools/golden/nn.py wrote. */
export interface Golden {
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly optimizers: readonly {
    readonly config: { readonly type: string };
    readonly values: readonly (readonly number[])[];
  }[];
  readonly schedules: readonly {
    readonly config: { readonly type: string };
    readonly totalSteps: number;
    readonly stepsPerEpoch: number;
    readonly values: readonly number[];
  }[];
  readonly losses: readonly {
    readonly name: string;
    readonly options: object;
    readonly output: Values[];
    readonly target: Values[];
    readonly value: number;
    readonly gradient: Values[];
  }[];
  readonly batchNorm: {
    readonly batches: readonly Values[][];
    readonly trained: readonly (readonly number[])[];
    readonly evaluated: readonly number[];
    readonly mean: readonly number[];
    readonly variance: readonly number[];
  };
}

export const golden = JSON.parse(readFileSync(new URL('../golden/pytorch.json', import.meta.url), 'utf8')) as Golden;
