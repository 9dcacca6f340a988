/** Limits on a cost, as people write them: `<= 100 kB`. */
import { check, oneOf } from '@espalier/tensor/arguments';
import { GoalError } from '../errors.ts';
import { quote } from '../quote.ts';

/** What a goal may limit. */
export const limitedCosts = ['bytes', 'parameters', 'nonZeros', 'macs', 'latencyMs'] as const;

/** A cost that a goal may limit. */
export type LimitedCost = (typeof limitedCosts)[number];

/** Costs by name; those that were not measured are absent. */
export type Costs = { readonly [Cost in LimitedCost]?: number };

/** The most that each cost may be. A string may carry a unit: `'<= 100 kB'`, `'2 MiB'`, `'0.5 ms'`, `'1.5 M'`. */
export type Limits = { readonly [Cost in LimitedCost]?: number | string };

const multipliers: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  ms: 1,
  us: 1e-3,
  s: 1e3,
};

const unitsOf: Readonly<Record<LimitedCost, readonly string[]>> = {
  bytes: ['', 'B', 'kB', 'MB', 'GB', 'KiB', 'MiB', 'GiB'],
  parameters: ['', 'k', 'M', 'G'],
  nonZeros: ['', 'k', 'M', 'G'],
  macs: ['', 'k', 'M', 'G'],
  latencyMs: ['', 'us', 'ms', 's'],
};

/**
 * A limit as a number in the cost's own unit.
 * @throws {GoalError} naming the units it knows.
 */
export function parseLimit(cost: LimitedCost, limit: number | string): number {
  check('parseLimit', 'cost', cost, oneOf(...limitedCosts));
  const units = unitsOf[cost];
  // A list has a text too, and one that is nested without end none.
  const text = typeof limit === 'string' || typeof limit === 'number' ? String(limit).trim() : '';
  const [, digits, unit = ''] = /^(?:<=|≤)?\s*(\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-z]*)$/.exec(text) ?? [];
  const multiplier = units.includes(unit) ? multipliers[unit] : undefined;
  const value = Number(digits?.replaceAll('_', '')) * (multiplier ?? Number.NaN);
  if (!Number.isFinite(value)) {
    const known = units.filter((each) => each !== '').join(', ');
    throw new GoalError(
      cost,
      `${quote(limit)} is no limit; write a number, or like '<= 100 ${units.at(2)}' with one of ${known}`,
    );
  }
  return value;
}

/**
 * The limits as numbers.
 * @throws {GoalError} for a cost or a unit it does not know.
 */
export function parseLimits(limits: Limits): Costs {
  const parsed: Partial<Record<LimitedCost, number>> = {};
  for (const cost of limitedCosts) {
    const limit = limits[cost];
    if (limit !== undefined) parsed[cost] = parseLimit(cost, limit);
  }
  return parsed;
}

/** Which limits the costs do not keep. A limited cost that was not measured is not kept. */
export function brokenLimits(costs: Costs, limits: Costs): LimitedCost[] {
  return limitedCosts.filter((cost) => limits[cost] !== undefined && !((costs[cost] ?? Infinity) <= limits[cost]));
}
