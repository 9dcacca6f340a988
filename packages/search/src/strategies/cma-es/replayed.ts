/**
 * The state of CMA-ES, worked out from the history alone: the strategy keeps none, and yet looks at each generation
 * once.
 */
import { RandomStream } from '../../random/random-stream.ts';
import type { History } from '../../study/history.ts';
import { losses, rankTrials } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import type { StrategyInput } from '../strategy.ts';
import { evolve, sampleOf, startEvolution, usualSamples, type Evolution } from './evolution.ts';
import type { Course, Leg } from './frame.ts';
import { withMargin, type Walls } from './margin.ts';
import { generationNormals, normalVector } from './normals.ts';

/** A search as far as its finished generations tell. */
export interface Progress {
  /** How many generations are finished, over all restarts. */
  readonly generation: number;
  readonly restarts: number;
  readonly evolution: Evolution;
  /** The best loss of each of the last generations since the restart. */
  readonly bests: readonly number[];
}

/** The normal vector of a trial, and its sample: the first within the box, of a few. */
export interface Draw {
  readonly normal: Float64Array;
  readonly sample: Float64Array;
}

/** By the state before a generation, the normal vectors that it shares out. */
const shared = new WeakMap<Evolution, readonly Float64Array[]>();

/**
 * What a trial draws: a function of the state, the study's seed, the trial's number and its place in the generation.
 * The vectors of the generation go to its first trials, by place; a trial beyond them, or whose sample does not do,
 * draws its own.
 */
export function drawFor(
  { generation, evolution }: Progress,
  random: RandomStream,
  place: number,
  attempt: number,
): Draw {
  const { settings } = evolution;
  const normals = shared.get(evolution) ?? generationNormals(settings, random.seed, generation);
  shared.set(evolution, normals);
  const stream = random.at(`normal ${attempt}`);
  for (let round = 1; ; round += 1) {
    const given = attempt === 0 && round === 1 ? normals[place] : undefined;
    const normal = given ?? normalVector(settings.size, stream);
    const sample = sampleOf(evolution, normal);
    const inside = sample.every((value) => value >= 0 && value <= 1);
    if (inside || round === 10 * settings.size) return { normal, sample };
  }
}

/** The number from which the trials of a generation count their places: all workers that see one of them agree on it. */
export function firstOf({ trials }: History, { isMember }: Leg, generation: number): number {
  const member = trials.findLast((trial) => trial.origin['generation'] === generation && isMember(trial));
  const first = member?.origin['first'];
  return typeof first === 'number' ? first : (trials.at(-1)?.number ?? -1) + 1;
}

/** Whether a search has converged, or lost its numbers. */
function isOver({ evolution, bests }: Progress): boolean {
  const { settings, sigma, lengths } = evolution;
  const longest = lengths.reduce((most, value) => Math.max(most, value), 0);
  const shortest = lengths.reduce((least, value) => Math.min(least, value), Infinity);
  const window = 10 + Math.ceil((30 * settings.size) / settings.samples);
  const flat =
    bests.length >= window && Math.max(...bests) - Math.min(...bests) < 1e-13 * (1 + Math.abs(bests[0] ?? 0));
  return sigma * longest < 1e-13 || longest / shortest > 1e7 || !Number.isFinite(sigma) || flat;
}

function startOf({ start, sigma, samples }: Course): Progress {
  const evolution = startEvolution(start, sigma, samples ?? usualSamples(start.length));
  return { generation: 0, restarts: 0, evolution, bests: [] };
}

function restartOf({ generation, restarts, evolution }: Progress, { sigma }: Course, seed: number): Progress {
  const random = new RandomStream(seed, 0, `cma-es restart ${restarts}`);
  const mean = evolution.mean.map(() => random.uniform());
  const next = startEvolution(mean, sigma, evolution.settings.samples * 2);
  return { generation, restarts: restarts + 1, evolution: next, bests: [] };
}

/** What a finished generation makes of a search. */
function advance(
  before: Progress,
  members: readonly TrialRecord[],
  { history, random: { seed } }: StrategyInput,
  course: Course,
  walls: Walls,
): Progress {
  const { evolution, bests } = before;
  const ranked = rankTrials(members, history.criteria);
  const inOrder = [...ranked, ...members.filter(({ state }) => state !== 'complete')];
  const normals = inOrder.map(({ number, origin }) => {
    const { first = 0, attempt = 0 } = origin;
    return drawFor(before, new RandomStream(seed, number), number - Number(first), Number(attempt)).normal;
  });
  const { size, samples } = evolution.settings;
  const window = 10 + Math.ceil((30 * size) / samples);
  const best = ranked[0] === undefined ? Infinity : (losses(ranked[0], history.criteria)[0] ?? Infinity);
  const after: Progress = {
    generation: before.generation + 1,
    restarts: before.restarts,
    evolution: withMargin(evolve(evolution, normals), walls),
    bests: [...bests, best].slice(-window),
  };
  return course.restart && isOver(after) ? restartOf(after, course, seed) : after;
}

/** What a generation came to, and what of. */
export interface Kept {
  readonly progress: Progress;
  readonly members: readonly TrialRecord[];
  /** The generation before. */
  readonly before: Kept | undefined;
}

type Generations = readonly (readonly TrialRecord[] | undefined)[];

/** Whether a trial, which may have gone on meanwhile, came to the same here. */
function isSame(a: TrialRecord, b: TrialRecord | undefined): boolean {
  if (a === b || b === undefined) return a === b;
  const same = a.number === b.number && a.state === b.state;
  return same && Object.entries(a.metrics).every(([metric, value]) => Object.is(b.metrics[metric], value));
}

/** Whether it still is what the generations come to: between the rungs of a study, a trial that was good may fail later. */
function holds(kept: Kept, generations: Generations): boolean {
  for (let entry: Kept | undefined = kept; entry !== undefined; entry = entry.before) {
    const now = generations[entry.progress.generation - 1] ?? [];
    if (!entry.members.every((member, place) => isSame(member, now[place]))) return false;
  }
  return true;
}

/** The latest generation that is remembered: its samples are known from what it came to. */
function latestKept(generations: Generations, memory: WeakMap<TrialRecord, Kept>): Kept | undefined {
  for (const members of generations.toReversed()) {
    for (const trial of members ?? []) {
      const kept = memory.get(trial);
      if (kept !== undefined && holds(kept, generations)) return kept;
    }
  }
  return undefined;
}

/**
 * A search replayed from the history: what its finished generations come to. A generation is finished when as many of
 * its trials are as it has samples; those that finish later have no part in it. What a generation came to is kept with
 * the record of the trial that finished it, so the next call replays no more than what is new.
 */
export function replayed(
  input: StrategyInput,
  { course, isMember }: Leg,
  usual: Course,
  walls: Walls,
  memory: WeakMap<TrialRecord, Kept>,
): Progress {
  const generations: TrialRecord[][] = [];
  for (const trial of input.history.finished) {
    const { generation } = trial.origin;
    if (typeof generation === 'number' && isMember(trial)) (generations[generation] ??= []).push(trial);
  }
  let kept = latestKept(generations, memory);
  for (;;) {
    const progress: Progress = kept?.progress ?? startOf(course);
    const { samples } = progress.evolution.settings;
    const members = (generations[progress.generation] ?? []).slice(0, samples);
    const last = members[samples - 1];
    if (last === undefined) return progress;
    kept = { progress: advance(progress, members, input, usual, walls), members, before: kept };
    memory.set(last, kept);
  }
}
