/**
 * One engine on one row in a process of its own: `worker.ts JSON`, an `Order`. Prints one line of JSON, an `Answer`: a
 * time, or why there is none. One thread is measured in time of the processor, several in time of the clock.
 */
import { pathToFileURL } from 'node:url';
import { answerTo, type Order } from './answer.ts';
import type { Engine } from './problem.ts';

/** Milliseconds of the processor since the process began, over all its threads. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const module = pathToFileURL(`${import.meta.dirname}/engines/${order.engine}.ts`).href;
const clock = order.threads === 1 ? processorTime : () => performance.now();
console.log(JSON.stringify(await answerTo(order, () => import(module) as Promise<Engine>, clock)));
// Pools of threads of peers would keep the process.
process.exit(0);
