import { readFileSync } from 'node:fs';
import {
  accuracy,
  build,
  confusionMatrix,
  evaluate,
  f1,
  precision,
  recall,
  tensorDataset,
  topKAccuracy,
} from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

type Scores<Value> = Readonly<Record<'precision' | 'recall' | 'f1', Value>>;

/** What tools/golden/metrics.py wrote. */
interface Case {
  readonly classes: number;
  readonly actual: number[];
  readonly scores: number[][];
  readonly accuracy: number;
  readonly confusion: number[][];
  readonly perClass: Scores<number[]>;
  readonly macro: Scores<number>;
  readonly micro: Scores<number>;
  readonly top2: number;
}

const cases = JSON.parse(
  readFileSync(new URL('../golden/scikit-learn.json', import.meta.url), 'utf8'),
) as readonly Case[];
const identity = build({ type: 'identity' });

describe('metrics agree with scikit-learn', () => {
  test.each(cases.map((each) => ({ title: `${each.actual.length} examples of ${each.classes} classes`, ...each })))(
    '$title',
    async (golden) => {
      const data = tensorDataset(tensor(golden.scores), tensor(golden.actual, { dtype: 'i32' }));
      const micro = { average: 'micro' } as const;
      const found = await evaluate(
        identity,
        data,
        {
          accuracy,
          confusionMatrix,
          precision: precision(),
          recall: recall(),
          f1: f1(),
          microPrecision: precision(micro),
          microRecall: recall(micro),
          microF1: f1(micro),
          top2: topKAccuracy(2),
        },
        { batchSize: 8 },
      );
      const { confusionMatrix: matrix } = found;
      expect(matrix.toArray()).toEqual(golden.confusion);
      for (const name of ['precision', 'recall', 'f1'] as const) {
        expect(matrix[name]().map((value) => value.toFixed(12))).toEqual(
          golden.perClass[name].map((value) => value.toFixed(12)),
        );
        expect(found[name]).toBeCloseTo(golden.macro[name], 12);
      }
      expect(found.accuracy).toBeCloseTo(golden.accuracy, 12);
      expect(found.microPrecision).toBeCloseTo(golden.micro.precision, 12);
      expect(found.microRecall).toBeCloseTo(golden.micro.recall, 12);
      expect(found.microF1).toBeCloseTo(golden.micro.f1, 12);
      expect(found.top2).toBeCloseTo(golden.top2, 12);
    },
  );
});
