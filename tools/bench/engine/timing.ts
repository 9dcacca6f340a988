/** How long a step takes: samples of at least 60 ms after a warm-up, and their median. */
import type { Prepared } from './problem.ts';

/** Shorter samples are mostly the clock's. */
const sampleTime = 60;
const [warmUpTime, samples, longest] = [500, 7, 4000];

/** The element in the middle. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

/** Milliseconds since some beginning: of the processor, or of the clock on the wall. */
export type Clock = () => number | Promise<number>;

/** Milliseconds a step, by a clock. */
export async function millisecondsOf(prepared: Prepared, now: Clock): Promise<number> {
  const sample = async (): Promise<number> => {
    const [before, start] = [await now(), performance.now()];
    let steps = 0;
    do {
      await prepared.step();
      steps++;
    } while (performance.now() - start < sampleTime);
    return ((await now()) - before) / steps;
  };
  const start = performance.now();
  while (performance.now() - start < warmUpTime) await sample();
  const times: number[] = [];
  const begun = performance.now();
  while (times.length < samples && performance.now() - begun < longest) times.push(await sample());
  return median(times);
}
