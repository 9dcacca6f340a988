/** One engine on one row in a worker of a page that is named by a `PageOrder`; posts an `Answer`. */
import { answerTo, type Order } from '../answer.ts';
import type { Engine } from '../problem.ts';
import type { Clock } from '../timing.ts';

/** What a worker is told. */
export interface PageOrder extends Order {
  /** Where the page's milliseconds of the processor are told; without that, time is the clock's. */
  readonly processorTime?: string;
}

/** The parts of a worker that are needed. */
interface Scope {
  readonly name: string;
  readonly navigator: object;
  readonly postMessage: (message: unknown) => void;
}

const { name, navigator, postMessage } = globalThis as unknown as Scope;
const { processorTime, ...order } = JSON.parse(name) as PageOrder;
// Each engine takes as many threads as there are processors.
Object.defineProperty(navigator, 'hardwareConcurrency', { value: order.threads });
const module = `/tools/bench/engine/engines/${order.engine}.ts`;
const load = (): Promise<Engine> => import(/* @vite-ignore */ module) as Promise<Engine>;
/** Threads come up only while the worker that asked for them waits. */
async function wallTime(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve));
  return performance.now();
}

const clock: Clock =
  processorTime === undefined ? wallTime : async () => Number(await (await fetch(processorTime)).text());
postMessage(await answerTo(order, load, clock));
