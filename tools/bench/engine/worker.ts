/**
 * One engine on one row in a process of its own: `worker.ts JSON`, an `Order`. Prints one line of JSON, an `Answer`: a
 * time, or why there is none.
 */
import { pathToFileURL } from 'node:url';
import type { Engine, Problem, Surroundings } from './problem.ts';
import { rows } from './rows/table.ts';
import { millisecondsOf } from './timing.ts';

/** What a worker is to do. */
export interface Order extends Surroundings {
  readonly row: string;
  /** A module of `engines`. */
  readonly engine: string;
  /** Another op on the operands of the row. */
  readonly op?: string | undefined;
  /** Whether the result is looked at before it is timed. */
  readonly checked: boolean;
}

/** What a worker says. */
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

async function answer({ row: name, engine: file, op, checked, ...surroundings }: Order): Promise<Answer> {
  const { description, ops } = (await import(
    pathToFileURL(`${import.meta.dirname}/engines/${file}.ts`).href
  )) as Engine;
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
  const milliseconds = await (prepared.time?.() ?? millisecondsOf(prepared, surroundings.threads));
  return { description, milliseconds };
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const said = await answer(order).catch((error: unknown): Answer => {
  const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
  return { description: order.engine, cannot: line.slice(0, 200) };
});
console.log(JSON.stringify(said));
// Pools of threads of peers would keep the process.
process.exit(0);
