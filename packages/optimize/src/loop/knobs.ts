/** Turns the knobs of a recipe: one by itself, several by a study. */
import { deriveSeed, type Json } from '@espalier/nn';
import { choice, createStudy, ExhaustedError, float, space, tpe, TrialFailure, type Parameter } from '@espalier/search';
import { nextKnob, type KnobOutcome, type KnobRange } from '../budget/knob.ts';
import type { Dimension } from '../recipe/pass.ts';
import type { RecipeDimension } from '../recipe/space.ts';

/** Values of dimensions, by name. */
export type Values = Readonly<Record<string, Json>>;

/** What came of some values. */
export interface Outcome {
  /** How far all goals are kept, 0 where they just are; below 0 where one is not. */
  readonly margin: number;
  /** What is to become small. */
  readonly cost: number;
}

/** Suggests values one after the other, from what came of those before. The same again for the same outcomes. */
export interface Turner {
  /** Undefined where there is nothing left to try. */
  readonly next: () => Promise<Values | undefined>;
  readonly tell: (outcome: Outcome) => Promise<void>;
}

/** Which end of a knob is looked for: the last value that keeps a quality, or the first that keeps a limit on a cost. */
export type Looking = 'last' | 'first';

/** What turns some dimensions. */
export async function turnerOf(
  dimensions: readonly RecipeDimension[],
  seed: number,
  looking: Looking,
): Promise<Turner> {
  const [first, ...others] = dimensions;
  if (!first) return once();
  const { dimension } = first;
  if (others.length === 0)
    return dimension.kind === 'choice' ? oneOf(first.name, dimension.values) : bracket(first.name, dimension, looking);
  return study(dimensions, seed);
}

/** The one recipe that has nothing to turn. */
function once(): Turner {
  const left: Values[] = [{}];
  return { next: async () => left.shift(), tell: async () => undefined };
}

function oneOf(name: string, values: readonly Json[]): Turner {
  const left = [...values];
  return {
    next: async () => {
      const value = left.shift();
      return value === undefined ? undefined : { [name]: value };
    },
    tell: async () => undefined,
  };
}

type NumberDimension = Extract<Dimension, { readonly kind: 'number' }>;

/** Brackets the last value that keeps the goals; the first one, by the same with the range turned around. */
function bracket(
  name: string,
  { low, high, resolution, start = high, log = false }: NumberDimension,
  looking: Looking,
): Turner {
  const sign = looking === 'last' ? 1 : -1;
  const inner = (value: number): number => sign * (log ? Math.log(value) : value);
  const outer = (value: number): number => (log ? Math.exp(sign * value) : sign * value);
  const ends = [inner(low), inner(high)].toSorted((a, b) => a - b) as [number, number];
  const range: KnobRange = { low: ends[0], high: ends[1], resolution, start: inner(start) };
  const tried: KnobOutcome[] = [];
  let knob: number | undefined;
  return {
    next: async () => {
      const decision = nextKnob(range, tried);
      knob = 'next' in decision ? decision.next : undefined;
      return knob === undefined ? undefined : { [name]: Math.min(high, Math.max(low, outer(knob))) };
    },
    tell: async ({ margin }) => {
      if (knob !== undefined) tried.push({ knob, margin });
    },
  };
}

/** A study that looks for the least cost that keeps the goals. */
async function study(dimensions: readonly RecipeDimension[], seed: number): Promise<Turner> {
  // Names of options have dots, which separate groups in those of a space.
  const own = dimensions.map(({ name, dimension }, index) => ({ name, field: `knob${index}`, dimension }));
  const made = await createStudy({
    name: 'recipe',
    space: space(Object.fromEntries(own.map(({ field, dimension }) => [field, parameterOf(dimension)]))),
    objectives: ['minimize cost'],
    constraints: ['shortfall <= 0'],
    strategy: tpe(),
    seed: deriveSeed(seed, 'knobs'),
  });
  await made.enqueue(Object.fromEntries(own.map(({ field, dimension }) => [field, startOf(dimension)])));
  let trial: Awaited<ReturnType<typeof made.ask>> | undefined;
  return {
    next: async () => {
      trial = await made.ask().catch((error: unknown) => {
        if (error instanceof ExhaustedError) return undefined;
        throw error;
      });
      const config = trial?.config as Readonly<Record<string, Json>> | undefined;
      return (
        config && Object.fromEntries(own.map(({ name, field, dimension }) => [name, valueOf(dimension, config[field])]))
      );
    },
    tell: async ({ margin, cost }) => {
      const isKnown = Number.isFinite(margin) && Number.isFinite(cost);
      const told = isKnown
        ? { cost, shortfall: Math.max(0, -margin) }
        : new TrialFailure('invalid', 'the recipe failed');
      if (trial) await made.tell(trial, told);
    },
  };
}

/** What a study knows of a dimension; other values than numbers are texts for it. */
function parameterOf(dimension: Dimension): Parameter {
  if (dimension.kind === 'choice') return choice(dimension.values.map((value) => JSON.stringify(value)));
  const { low, high, log = false } = dimension;
  return float(low, high, { log });
}

function startOf(dimension: Dimension): string | number {
  return dimension.kind === 'choice' ? JSON.stringify(dimension.values[0]) : (dimension.start ?? dimension.high);
}

function valueOf(dimension: Dimension, value: Json = null): Json {
  return dimension.kind === 'choice' ? (JSON.parse(value as string) as Json) : value;
}
