/** Where engines run. */
import type { Answer, Order } from './answer.ts';

/** Runs each engine apart from all others. */
export interface Place extends AsyncDisposable {
  /** The program that runs them, and how it measures time. */
  readonly description: string;
  ask(order: Order): Promise<Answer>;
}

/** Milliseconds that an order may take: some peers lack kernels that take minutes to do without. */
export const patience = 120_000;

/** The answer where an engine came to none. */
export function ended({ engine }: Order, error: unknown): Answer {
  const [line = ''] = String(error).split('\n');
  return { description: engine, cannot: `ended: ${line.slice(0, 200)}` };
}
