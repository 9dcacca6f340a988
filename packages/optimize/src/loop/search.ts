/** The order in which things are tried. */
import type { Module } from '@espalier/nn';
import { isQuality } from '../goal/metric.ts';
import type { Goal } from '../goal/verdict.ts';
import { passesOf } from '../recipe/run.ts';
import type { Family } from './families.ts';
import { turnerOf, type Looking, type Outcome } from './knobs.ts';
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
    for (const family of families) {
      const turner = await turnerOf(family.dimensions, seed, looking);
      const { most = Infinity } = family;
      for (let turn = 0; turn < most; turn++) {
        const values = await turner.next();
        if (values === undefined) break;
        let found: Outcome | undefined;
        for (const ending of family.endings) {
          const stop = isOver();
          if (stop) return stop;
          const steps = [...family.beginning(values), ...ending];
          if (steps.flatMap(passesOf).some(({ config }) => loop.disabled.includes(config.type))) continue;
          const outcome = loop.outcomeOf(await loop.attempt(family.name, values, steps));
          if (!found || isBetterOutcome(outcome, found)) found = outcome;
          if (outcome.margin >= 0) break;
        }
        if (!found) break;
        await turner.tell(found);
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

function isBetterOutcome(a: Outcome, b: Outcome): boolean {
  if (a.margin >= 0 !== b.margin >= 0) return a.margin >= 0;
  return a.margin >= 0 ? a.cost < b.cost : a.margin > b.margin;
}
