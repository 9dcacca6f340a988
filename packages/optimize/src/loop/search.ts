/** The order in which things are tried. */
import type { Json, Module } from '@espalier/nn';
import { isQuality } from '../goal/metric.ts';
import type { Goal } from '../goal/verdict.ts';
import { passesOf } from '../recipe/run.ts';
import type { Family } from './families.ts';
import { turnerOf, type Looking, type Outcome, type Values } from './knobs.ts';
import type { Loop } from './loop.ts';
import type { OptimizeOptions } from './options.ts';
import { giveBack, nearMisses, trainLonger } from './repair.ts';
import type { OptimizationStop } from './report.ts';
import { isAbort } from './trial.ts';

/** How many near misses get a second chance. */
const mostRepairs = 4;

/** What a search goes by. */
export interface Searching {
  readonly options: OptimizeOptions;
  readonly goals: readonly Goal[];
  readonly looking: Looking;
  /** Refuses what the quality of the model as given makes impossible. */
  readonly impossible: () => void;
}

/** Tries everything there is to try, until something says to stop. */
export async function search(
  loop: Loop,
  model: Module,
  families: readonly Family[],
  { options, goals, looking, impossible }: Searching,
): Promise<OptimizationStop> {
  const { maxTrials = 60, maxMinutes = Infinity, seed = 0, signal } = options;
  const limitsCost = goals.some(({ metric }) => !isQuality(metric));
  const isOver = (): OptimizationStop | undefined => {
    if (loop.isMet && limitsCost && options.minimize === undefined && looking === 'last') return 'met';
    // The first is the model as given, which is no recipe.
    if (loop.trials.length > maxTrials) return 'max-trials';
    if (loop.seconds >= maxMinutes * 60) return 'max-time';
    return undefined;
  };
  try {
    await loop.attempt('as given', {}, []);
    impossible();
    // What was settled once, by name.
    const settled = new Map<string, Json>();
    for (const family of families) {
      const turner = await turnerOf(family.dimensions, seed, looking);
      const { most = Infinity } = family;
      for (let turn = 0; turn < most; turn++) {
        const values = await turner.next();
        if (values === undefined) break;
        let found: Found | undefined;
        for (const choice of choicesOf(family, settled)) {
          const made = await tryEndings(loop, family, { ...values, ...choice }, isOver);
          if (typeof made === 'string') return made;
          if (!made || (found && !isBetter(made, found))) continue;
          found = made;
          for (const [name, value] of Object.entries(choice)) settled.set(name, value);
        }
        if (!found) break;
        await turner.tell(found.outcome);
      }
    }
    const tried = new Set<number>();
    for (let repairs = 0; repairs < mostRepairs; repairs++) {
      const missed = nearMisses(loop.trials, loop.best).find(({ number }) => !tried.has(number));
      if (!missed) break;
      tried.add(missed.number);
      const family = families.find(({ name }) => name === missed.family);
      const longer = family && trainLonger(family, missed);
      for (const repair of longer ? [longer] : giveBack(model, missed)) {
        const stop = isOver();
        if (stop) return stop;
        tried.add((await loop.attempt(repair.name, repair.values, repair.steps)).number);
      }
    }
    return 'exhausted';
  } catch (error) {
    if (!isAbort(error, signal) || !loop.best) throw error;
    return 'aborted';
  }
}

/** What came of some values of a family. */
interface Found {
  readonly outcome: Outcome;
  /** Which ending it is of; later ones save less. */
  readonly ending: number;
  /** By how much the quality is above what a goal asks for, or what it was. */
  readonly quality: number;
}

/** Tries endings until one keeps the goals. The best of them; undefined where none could be tried, the reason where it is time to stop. */
async function tryEndings(
  loop: Loop,
  family: Family,
  values: Values,
  isOver: () => OptimizationStop | undefined,
): Promise<Found | OptimizationStop | undefined> {
  let found: Found | undefined;
  for (const [ending, last] of family.endings.entries()) {
    const stop = isOver();
    if (stop) return stop;
    const steps = [...family.beginning(values), ...last];
    if (steps.flatMap(passesOf).some(({ config }) => loop.disabled.includes(config.type))) continue;
    const trial = await loop.attempt(family.name, values, steps);
    const outcome = loop.outcomeOf(trial);
    if (!found || isBetterOutcome(outcome, found.outcome))
      found = { outcome, ending, quality: trial.quality?.margin ?? -Infinity };
    if (outcome.margin >= 0) break;
  }
  return found;
}

/** What a family is tried with at the same values: all there is to choose from until it is settled, then that. */
function choicesOf({ settles }: Family, settled: ReadonlyMap<string, Json>): readonly Values[] {
  if (!settles) return [{}];
  const { name, values } = settles;
  const known = settled.get(name);
  return (known === undefined ? values : [known]).map((value) => ({ [name]: value }));
}

/** Of two choices at the same values: the one that keeps the goals, by the ending that saves more, and then the better one. */
function isBetter(a: Found, b: Found): boolean {
  if (a.outcome.margin >= 0 !== b.outcome.margin >= 0) return a.outcome.margin >= 0;
  if (a.outcome.margin >= 0 && a.ending !== b.ending) return a.ending < b.ending;
  return a.quality > b.quality;
}

function isBetterOutcome(a: Outcome, b: Outcome): boolean {
  if (a.margin >= 0 !== b.margin >= 0) return a.margin >= 0;
  return a.margin >= 0 ? a.cost < b.cost : a.margin > b.margin;
}
