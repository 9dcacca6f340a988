/** CMA-ES as a strategy: the samples of a generation given out as trials, in whatever order they come back. */
import { orNull, wholeFrom } from '../../limits.ts';
import type { ConfigObject } from '../../space/node.ts';
import { fromUnit } from '../../space/number-scale.ts';
import type { Space } from '../../space/space.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { codesOf } from '../codes.ts';
import { freshSample } from '../fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from '../strategy.ts';
import { tpeSampler } from '../tpe/tpe.ts';
import { frameOf, legOf, type Course, type Frame } from './frame.ts';
import { drawFor, firstOf, replayed, type Kept } from './replayed.ts';

/** The options of {@link cmaEs}. */
export interface CmaEsOptions {
  /** The standard deviation of the first samples, as a part of each number's range. Default 1/6. */
  readonly sigma: number;
  /** The config that the first samples are spread around. Default: the middle of every range. */
  readonly start: ConfigObject | null;
  /** How many samples make a generation, at least 4. Default: 4 + ⌊3 ln n⌋ for n numbers. */
  readonly samples: number | null;
  /** Whether a search that has converged starts anew elsewhere, with twice as many samples. Default true. */
  readonly restart: boolean;
}

/** What a search keeps: by options and space, what each finished generation came to. */
interface Memory {
  readonly frame: Frame;
  readonly course: Course;
  readonly progress: WeakMap<TrialRecord, Kept>;
}

const memories = new WeakMap<CmaEsOptions, WeakMap<Space, Map<number, Memory>>>();

function memoryOf({ space, random: { seed } }: StrategyInput, options: CmaEsOptions): Memory {
  const ofOptions = memories.get(options) ?? new WeakMap<Space, Map<number, Memory>>();
  memories.set(options, ofOptions);
  const ofSpace = ofOptions.get(space) ?? new Map<number, Memory>();
  ofOptions.set(space, ofSpace);
  let memory = ofSpace.get(seed);
  if (memory === undefined) {
    const { sigma, samples, restart } = options;
    const frame = frameOf(space);
    const codes = options.start === null ? undefined : codesOf(space, space.normalize(options.start));
    const start = Float64Array.from(frame.paths, (path) => codes?.get(path)?.code ?? 0.5);
    memory = { frame, course: { start, sigma, samples, restart }, progress: new WeakMap() };
    ofSpace.set(seed, memory);
  }
  return memory;
}

/** How often a sample may turn out to be known. */
const attempts = 20;

function decide(input: StrategyInput, options: CmaEsOptions): Decision {
  const { space, history, random, number, duplicates } = input;
  const { frame, course, progress } = memoryOf(input, options);
  if (frame.paths.length === 0) return freshSample(input);
  const leg = legOf(space, history, frame, course);
  const now = replayed(input, leg, course, frame.walls, progress);
  const { generation } = now;
  const first = firstOf(history, leg, generation);
  const sampleRest = frame.whole ? undefined : tpeSampler(input, (path) => !frame.paths.includes(path));
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { sample } = drawFor(now, random, number - first, attempt);
    const rest = sampleRest?.(random.at(`rest ${attempt}`)) ?? (() => null);
    const config = space.build((path, parameter) => {
      const place = frame.paths.indexOf(path);
      return place >= 0 && parameter.kind !== 'choice'
        ? fromUnit(parameter, sample[place] ?? 0)
        : rest(path, parameter);
    });
    if (duplicates !== 'avoid' || !history.tried.has(space.key(config))) {
      const origin = { operator: 'cma-es', generation, first, ...leg.origin, ...(attempt === 0 ? {} : { attempt }) };
      return { type: 'try', config, origin };
    }
  }
  return freshSample(input);
}

/**
 * Covariance matrix adaptation: each generation is drawn from a normal law that has learned, from the better half of
 * those before, where to look, how far, and along which directions. For numbers, of which it wants a hundred trials or
 * more; it is indifferent to the scale of the objective and to rotations of the space.
 *
 * The samples of a generation come in opposite pairs, at right angles to each other, which tells more than independent
 * ones do. It evolves the numbers that every config has. Whole and stepped ones keep a margin of
 * probability for the values next to the present one. Choices, and parameters that only some configs have, are drawn as by {@link tpe}. Samples out of
 * range are drawn again, and in the end put on its edge. A generation goes on when enough of its trials have finished,
 * so workers need not wait for the slowest. Failed and pruned trials rank last. Where the ranges of a study are changed,
 * it goes on with a first generation about the best trial.
 *
 * Source: Hansen, "The CMA evolution strategy: a tutorial", 2016; Hamano et al., "CMA-ES with margin", GECCO 2022;
 * Wang, Emmerich, Bäck, "Mirrored orthogonal sampling for covariance matrix adaptation evolution strategies", 2019;
 * restarts of Auger and Hansen, "A restart CMA evolution strategy with increasing population size", CEC 2005.
 */
export const cmaEs: StrategyFactory<CmaEsOptions> = defineStrategy<CmaEsOptions>({
  name: 'cma-es',
  defaults: { sigma: 1 / 6, start: null, samples: null, restart: true },
  limits: { samples: orNull(wholeFrom(4)) },
  check: ({ sigma }) =>
    sigma > 0 && sigma <= 1 ? undefined : `sigma is ${sigma}: give a part of the range, above 0 and at most 1`,
  decide,
});
