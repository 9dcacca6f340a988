/** One engine on one row, wherever it runs: its result is looked at, and then its time. */
import type { Engine, Problem, Surroundings } from './problem.ts';
import { rows } from './rows/table.ts';
import { millisecondsOf, type Clock } from './timing.ts';

/** What an engine is to do. */
export interface Order extends Surroundings {
  readonly row: string;
  /** A module of `engines`. */
  readonly engine: string;
  /** Another op on the operands of the row. */
  readonly op?: string | undefined;
  /** Whether the result is looked at before it is timed. */
  readonly checked: boolean;
}

/** What became of it. */
export interface Answer {
  readonly description: string;
  /** A step's. */
  readonly milliseconds?: number;
  /** Why the engine cannot do the row. */
  readonly cannot?: string;
}

/** What is wrong with a result, if anything. */
async function flaw(
  problem: Problem,
  found: ArrayLike<number>,
  storage: Surroundings['storage'],
): Promise<string | undefined> {
  const expected = await problem.expected();
  const largest = Math.max(...[...expected.values()].map((value) => Math.abs(value)));
  const tolerance = (problem.tolerance ?? 1e-4) * (storage === 'f16' ? 100 : 1);
  for (const [index, wanted] of expected) {
    const value = found[index] ?? Number.NaN;
    if (!(Math.abs(value - wanted) <= tolerance * largest)) return `computes ${value} at ${index}, not ${wanted}`;
  }
  return undefined;
}

async function measured(
  { row: name, op, checked, ...surroundings }: Order,
  { description, ops }: Engine,
  clock: Clock,
): Promise<Answer> {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`there is no row '${name}'`);
  const problem = row.problem();
  const prepare = ops[op ?? problem.op];
  if (prepare === undefined) return { description, cannot: 'has no such op' };
  const prepared = await prepare(problem, surroundings);
  await prepared.step();
  if (checked && op === undefined) {
    const wrong = await flaw(problem, await prepared.results(), surroundings.storage);
    if (wrong !== undefined) return { description, cannot: wrong };
  }
  return { description, milliseconds: await (prepared.time?.() ?? millisecondsOf(prepared, clock)) };
}

/** What becomes of an order to an engine that `load` finds. */
export async function answerTo(order: Order, load: () => Promise<Engine>, clock: Clock): Promise<Answer> {
  try {
    return await measured(order, await load(), clock);
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { description: order.engine, cannot: line.slice(0, 200) };
  }
}
