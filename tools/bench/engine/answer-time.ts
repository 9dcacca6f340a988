/**
 * How far apart the cores of this machine are: what one thread waits until another has answered it through a word of memory that both
 * share. Where a machine is a part of a larger one, cores are given and taken while it runs, and those that share no cache answer
 * four times later; what several threads gain depends on it.
 */
import { Worker } from 'node:worker_threads';

const mine = 0;
const theirs = 1;

/** The words: whose turn it is, and, in another cache line, whether all is done. */
const [turn, done] = [0, 16] as const;

const source = `
const { workerData: words } = require('node:worker_threads');
while (Atomics.load(words, ${done}) === 0) if (Atomics.load(words, ${turn}) === ${theirs}) Atomics.store(words, ${turn}, ${mine});
`;

/** Nanoseconds until an answer, the median of 50 measurements of half a millisecond or more each. */
export async function answerTime(): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(128));
  const worker = new Worker(source, { eval: true, workerData: words });
  const rounds = 5000;
  await new Promise((ready) => void worker.once('online', ready));
  const times = Array.from({ length: 50 }, () => {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) {
      Atomics.store(words, turn, theirs);
      while (Atomics.load(words, turn) === theirs);
    }
    return ((performance.now() - start) / rounds) * 1e6;
  });
  Atomics.store(words, done, 1);
  await worker.terminate();
  return times.toSorted((a, b) => a - b)[25] ?? Number.NaN;
}
