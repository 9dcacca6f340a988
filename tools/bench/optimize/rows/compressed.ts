/** Measuring what recipes make of a subject. */
import { runRecipe, type PassRecord, type Step } from '@espalier/optimize';
import type { Json, Module } from '@espalier/nn';
import type { Bench } from '../bench.ts';
import { trained, type Subject } from '../subjects/subject.ts';

/** How a subject is judged before and after a recipe, of one seed: errors on the test set, perplexity. */
export interface Judged {
  readonly [name: string]: Json;
  readonly seed: number;
  readonly dense: number;
  readonly after: number;
}

/** What else is to be kept of a compressed model. */
export type Figures = (model: Module, records: readonly PassRecord[]) => Promise<Readonly<Record<string, Json>>>;

/** Carries a recipe out for each seed. The recipe sees what the subject learned from alone. */
export async function judged(
  bench: Bench,
  subject: Subject,
  name: string,
  steps: readonly Step[],
  figures: Figures = async () => ({}),
): Promise<Judged[]> {
  const all: Judged[] = [];
  for (const seed of bench.seeds) {
    const dense = await bench.kept(`${subject.name}/dense-${seed}`, async () =>
      subject.damage(await trained(subject, seed, bench)),
    );
    const found = await bench.kept(`${subject.name}/${name}-${seed}`, async () => {
      const { train } = await subject.data();
      const { model, records } = await runRecipe(await trained(subject, seed, bench), steps, { data: { train }, seed });
      return { after: await subject.damage(model), ...(await figures(model, records)) };
    });
    all.push({ seed, dense, ...found });
  }
  return all;
}

/** The mean of how many more errors there are than before. */
export function extraErrors(all: readonly Judged[]): number {
  return all.reduce((sum, { dense, after }) => sum + (after - dense) / all.length, 0);
}

/** By how many per cent it is worse than before; the mean. */
export function worseBy(all: readonly Judged[]): number {
  return all.reduce((sum, { dense, after }) => sum + ((after / dense - 1) * 100) / all.length, 0);
}
