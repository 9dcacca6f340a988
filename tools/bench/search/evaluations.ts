/** How many evaluations CMA-ES needs to reach a minimum, beside how many the reference took. */
import { cmaEs, createStudy, float, maxTrials, space, target } from '@espalier/search';

/** A function of ten numbers, where the search starts, and how many evaluations the reference took. */
interface Course {
  readonly name: string;
  readonly start: number;
  readonly sigma: number;
  /** Of the cmaes library, least and most of 15 seeds: constants, measured once elsewhere. */
  readonly reference: readonly [number, number];
  readonly value: (x: readonly number[]) => number;
}

const size = 10;
const halfRange = 100;
const courses: readonly Course[] = [
  {
    name: 'sphere-10',
    start: 3,
    sigma: 2,
    reference: [1390, 1570],
    value: (x) => x.reduce((sum, value) => sum + value * value, 0),
  },
  {
    name: 'ellipsoid-10',
    start: 3,
    sigma: 2,
    reference: [3840, 4680],
    value: (x) => x.reduce((sum, value, index) => sum + 10 ** ((6 * index) / (size - 1)) * value * value, 0),
  },
  {
    name: 'Rosenbrock-10',
    start: 0,
    sigma: 0.5,
    reference: [4690, 5830],
    value: (x) =>
      x.slice(1).reduce((sum, next, index) => {
        const own = x[index] ?? 0;
        return sum + 100 * (next - own * own) ** 2 + (1 - own) ** 2;
      }, 0),
  },
];

/** What a course came to, over seeds. */
export interface Evaluations {
  readonly course: string;
  readonly least: number;
  readonly median: number;
  readonly most: number;
  readonly failures: number;
  readonly runs: number;
  readonly reference: readonly [number, number];
}

/** How many evaluations CMA-ES needs to come below 1e-8, in bounds too wide to matter. */
export async function measureEvaluations(seeds: number): Promise<readonly Evaluations[]> {
  const domain = space(
    Object.fromEntries(Array.from({ length: size }, (_, index) => [`x${index}`, float(-halfRange, halfRange)])),
  );
  const measured: Evaluations[] = [];
  for (const { name, start, sigma, reference, value } of courses) {
    const counts: number[] = [];
    for (let seed = 0; seed < seeds; seed += 1) {
      const strategy = cmaEs({
        sigma: sigma / (2 * halfRange),
        start: Object.fromEntries(Array.from({ length: size }, (_, index) => [`x${index}`, start])),
      });
      const study = await createStudy({ name: 'bench', space: domain, objectives: ['minimize loss'], strategy, seed });
      const objective = ({ config }: { config: object }): number => value(Object.values(config) as number[]);
      const { stopped } = await study.run(objective, { stop: [maxTrials(20_000), target('loss <= 1e-8')] });
      if (stopped.by.startsWith('target')) counts.push(study.trials.length);
    }
    counts.sort((a, b) => a - b);
    const least = counts[0] ?? Number.NaN;
    const most = counts.at(-1) ?? Number.NaN;
    const median = counts[counts.length >> 1] ?? Number.NaN;
    measured.push({ course: name, least, median, most, failures: seeds - counts.length, runs: seeds, reference });
    console.log(
      `cma-es  ${name.padEnd(14)} to 1e-8: median ${median} (${least}-${most}), ${seeds - counts.length} of ${seeds} failed; the cmaes library ${reference.join('-')}`,
    );
  }
  return measured;
}
