/** The order of test files: those that take long begin first, so that none runs alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take more than ten seconds, longest first. A fresh clone has no record of a run before, and by the size of
 * a file nothing shows whether it starts processes or trains.
 */
const long = [
  'apps/cli/test/study/study.test.ts',
  'test/readmes.test.ts',
  'apps/cli/test/pipeline/run.test.ts',
  'packages/tensor/test/encoded/encoded.gpu.test.ts',
  'apps/cli/test/pipeline/optimize.test.ts',
  'test/outside/cli.test.ts',
  'packages/tensor/test/encoded/encoded.test.ts',
  'test/published.test.ts',
  'apps/cli/test/output/commands.test.ts',
  'apps/cli/test/pipeline/run.gpu.test.ts',
  'apps/cli/test/study/secrets.postgres.test.ts',
  'packages/tensor/test/lengths/lengths.gpu.test.ts',
  'apps/cli/test/study/trust.test.ts',
  'packages/storage/test/workers/workers.test.ts',
  'packages/storage/test/workers/workers.postgres.test.ts',
  'apps/cli/test/study/load-module.test.ts',
  'test/golden/operators.test.ts',
  'test/arguments/foreign-values.test.ts',
  'packages/pipeline/test/outside/outside.test.ts',
  'packages/tensor/test/encoded/accuracy.test.ts',
];

/** Begins with the files above, then goes on in Vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = long.findIndex((file) => moduleId.endsWith(`/${file}`));
      return index < 0 ? long.length : index;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- this one is of Vitest, and makes a new array
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
