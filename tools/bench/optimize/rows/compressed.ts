/** Measuring what recipes make of a subject. */
import { runRecipe, type PassRecord, type Step } from '@espalier/optimize';
import type { Json, Module } from '@espalier/nn';
import type { Bench } from '../bench.ts';
import { readDigits, testErrors, trained, type Subject } from '../subjects/mnist.ts';

/** Test errors before and after a recipe, of one seed. */
export interface Errors {
  readonly [name: string]: Json;
  readonly seed: number;
  readonly dense: number;
  readonly errors: number;
}

/** What else is to be kept of a compressed model. */
export type Figures = (model: Module, records: readonly PassRecord[]) => Promise<Readonly<Record<string, Json>>>;

/** Carries a recipe out for each seed. The recipe sees the training digits alone. */
export async function errorsAfter(
  bench: Bench,
  subject: Subject,
  name: string,
  steps: readonly Step[],
  figures: Figures = async () => ({}),
): Promise<Errors[]> {
  const all: Errors[] = [];
  for (const seed of bench.seeds) {
    const dense = await bench.kept(`${subject.name}/dense-errors-${seed}`, async () =>
      testErrors(await trained(subject, seed, bench)),
    );
    const found = await bench.kept(`${subject.name}/${name}-${seed}`, async () => {
      const { train } = await readDigits();
      const { model, records } = await runRecipe(await trained(subject, seed, bench), steps, { data: { train }, seed });
      return { errors: await testErrors(model), ...(await figures(model, records)) };
    });
    all.push({ seed, dense, ...found });
  }
  return all;
}

/** The mean of how many more errors there are than before. */
export function extraErrors(all: readonly Errors[]): number {
  return all.reduce((sum, { dense, errors }) => sum + (errors - dense) / all.length, 0);
}
