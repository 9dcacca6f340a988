/** How much hypervolume multi-objective strategies reach, beside what peers reach with as many trials. */
import { createStudy, float, hypervolume, nsga2, nsga3, space, tpe, type Space, type Strategy } from '@espalier/search';
import { surviveByCrowding } from '../../../packages/search/src/strategies/nsga/crowding.ts';
import { parentsOf } from '../../../packages/search/src/strategies/nsga/generations.ts';

/** A problem with several losses, and what a peer reaches on it. */
interface Problem {
  readonly name: string;
  readonly space: Space;
  readonly objectives: number;
  readonly losses: (x: readonly number[]) => readonly number[];
  /** Median hypervolume of the final population of pymoo 0.6.2's NSGA-II over 11 seeds, by evaluations: constants. */
  readonly peer: Readonly<Record<number, number>>;
  /** That of all trials of Optuna 5's TPE, over 3 seeds, by evaluations: constants. */
  readonly tpePeer?: Readonly<Record<number, number>>;
}

/** What {@link measureMultiObjective} measures: one row for each problem, strategy and number of trials. */
export interface MultiObjectiveRow {
  readonly strategy: string;
  readonly problem: string;
  readonly trials: number;
  readonly seeds: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Of a whole study, seeds' median: on the clock, and of the processor. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peerMedian?: number;
}

function box(count: number, low: number, high: number): Space {
  const ranges = Array.from({ length: count }, (_, index) => [
    `x${index}`,
    index === 0 ? float(0, 1) : float(low, high),
  ]);
  return space(Object.fromEntries(ranges) as Record<string, ReturnType<typeof float>>);
}

/** Zitzler, Deb, Thiele, "Comparison of multiobjective evolutionary algorithms", 2000. */
function zdt(g: (rest: readonly number[]) => number): Problem['losses'] {
  return ([first = 0, ...rest]) => {
    const scale = g(rest);
    return [first, scale * (1 - Math.sqrt(first / scale))];
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const problems: readonly Problem[] = [
  {
    name: 'ZDT1',
    space: box(30, 0, 1),
    objectives: 2,
    losses: zdt((rest) => 1 + (9 * sum(rest)) / rest.length),
    peer: { 5000: 0.652, 10_000: 0.8488, 20_000: 0.8683, 25_000: 0.8697 },
  },
  {
    name: 'ZDT4',
    space: box(10, -5, 5),
    objectives: 2,
    losses: zdt((rest) => 1 + sum(rest.map((x) => 10 + x * x - 10 * Math.cos(4 * Math.PI * x)))),
    peer: { 5000: 0, 10_000: 0.219, 20_000: 0.861, 25_000: 0.8667 },
  },
  {
    // Deb, Thiele, Laumanns, Zitzler, "Scalable multi-objective optimization test problems", 2002.
    name: 'DTLZ2',
    space: box(12, 0, 1),
    objectives: 3,
    losses: ([a = 0, b = 0, ...rest]) => {
      const radius = 1 + sum(rest.map((x) => (x - 0.5) ** 2));
      const [first, second] = [(a * Math.PI) / 2, (b * Math.PI) / 2];
      return [
        radius * Math.cos(first) * Math.cos(second),
        radius * Math.cos(first) * Math.sin(second),
        radius * Math.sin(first),
      ];
    },
    peer: { 5000: 0.671, 10_000: 0.696, 20_000: 0.7, 25_000: 0.7067 },
    tpePeer: { 300: 0.53 },
  },
];

/** A strategy, after how many trials it is looked at unless told otherwise, and its peer. */
export interface Entrant {
  readonly make: () => Strategy;
  readonly trials: readonly number[];
  readonly peer?: { readonly name: string; readonly volumes: (problem: Problem) => Problem['peer'] | undefined };
}

/** Those of the suite `--suite multi-objective`. */
export const multiObjectiveEntrants: Readonly<Record<string, Entrant>> = {
  nsga2: { make: nsga2, trials: [25_000], peer: { name: 'pymoo NSGA-II', volumes: ({ peer }) => peer } },
  nsga3: { make: nsga3, trials: [25_000] },
  tpe: { make: tpe, trials: [300], peer: { name: 'Optuna 5 TPE', volumes: ({ tpePeer }) => tpePeer } },
};
const population = 100;
const evolution = {
  population,
  offspring: population / 4,
  variation: { crossoverProbability: 1, crossoverEta: 15, mutationProbability: null, mutationEta: 20 },
  survive: (members: Parameters<typeof surviveByCrowding>[0]) => surviveByCrowding(members, population),
};

interface Measured {
  readonly volume: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/**
 * One study by ask and tell, and the hypervolume of the population that its last generation leaves; of all its trials
 * where the strategy keeps no population.
 */
async function measure(problem: Problem, strategy: Strategy, trials: number, seed: number): Promise<Measured> {
  const names = Array.from({ length: problem.objectives }, (_, index) => `f${index}`);
  const objectives = names.map((name) => `minimize ${name}`);
  const study = await createStudy({ name: 'bench', space: problem.space, objectives, strategy, seed });
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  for (let done = 0; done < trials; done += 1) {
    const trial = await study.ask();
    const losses = problem.losses(Object.values(trial.config) as number[]);
    await study.tell(trial, Object.fromEntries(names.map((name, index) => [name, losses[index] ?? Number.NaN])));
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const points =
    strategy.name === 'tpe'
      ? study.front.map(({ metrics }) => names.map((name) => metrics[name] ?? Number.NaN))
      : parentsOf(evolution, study.history, trials).map(({ point }) => point);
  const volume = hypervolume(
    points,
    names.map(() => 1.1),
  );
  return { volume, seconds, cpuSeconds: (user + system) / 1e6 };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2;
}

/** The suite `--suite multi-objective`: hypervolume up to 1.1 in each loss, more being better. */
export async function measureMultiObjective(
  entrants: readonly (readonly [string, Entrant])[],
  seeds: number,
  trialCounts?: readonly number[],
): Promise<readonly MultiObjectiveRow[]> {
  const rows: MultiObjectiveRow[] = [];
  for (const [name, { make, trials: usual, peer }] of entrants) {
    for (const problem of problems) {
      for (const trials of trialCounts ?? usual) {
        const runs: Measured[] = [];
        for (let seed = 0; seed < seeds; seed += 1) runs.push(await measure(problem, make(), trials, seed));
        const volumes = runs.map(({ volume }) => volume);
        const peerMedian = peer?.volumes(problem)?.[trials];
        const row: MultiObjectiveRow = {
          strategy: name,
          problem: problem.name,
          trials,
          seeds,
          median: median(volumes),
          min: Math.min(...volumes),
          max: Math.max(...volumes),
          seconds: median(runs.map(({ seconds }) => seconds)),
          cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
          ...(peerMedian === undefined ? {} : { peerMedian }),
        };
        rows.push(row);
        const beside = peerMedian === undefined ? '' : `  ${peer?.name} ${peerMedian}`;
        const [middle, low, high] = [row.median, row.min, row.max].map((value) => value.toFixed(4));
        console.log(
          `${name}  ${problem.name.padEnd(5)} ${trials} trials  hypervolume ${middle} [${low}, ${high}]  ${row.seconds.toFixed(1)} s (${row.cpuSeconds.toFixed(1)} s of processor)${beside}`,
        );
      }
    }
  }
  return rows;
}
