/**
 * How much memory is taken at the most while something runs: the heap and the bytes of buffers, looked at before each collection and
 * at the end. What nobody writes to counts too, and what is garbage already counts until it is collected: never less than was in use.
 */
import { GCProfiler, getHeapStatistics } from 'node:v8';

/** What is in use, in bytes, with what is garbage and not collected yet. */
function inUse(): number {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
  return heap + buffers;
}

/** Tells how much more memory is in use at some time than there was when it last collected all. */
export class MemoryMeter {
  #rest = 0;

  /** Collects all that is garbage, and measures from there on. Twice, and in a turn of its own: what has just run may hold on to buffers. */
  async rest(): Promise<void> {
    if (globalThis.gc === undefined) throw new Error('memory: start node with --expose-gc');
    await new Promise(setImmediate);
    globalThis.gc();
    globalThis.gc();
    this.#rest = inUse();
  }

  /** The most bytes that were in use while something ran. */
  async most(run: () => Promise<void>): Promise<number> {
    globalThis.gc?.({ type: 'minor' });
    const profiler = new GCProfiler();
    profiler.start();
    await run();
    const last = inUse();
    const collections = profiler.stop()?.statistics ?? [];
    const peaks = collections.map(
      ({ beforeGC: { heapStatistics: before } }) => before.usedHeapSize + before.externalMemory,
    );
    return Math.max(last, ...peaks) - this.#rest;
  }
}
