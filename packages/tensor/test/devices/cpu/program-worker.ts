/** Runs programs that it is sent, on the memory that it was given. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { WasmMemory } from '../../../src/devices/cpu/assembler/web-assembly.ts';
import '../../../src/devices/cpu/encoded/encoded.ts';
import { MemoryViews } from '../../../src/devices/cpu/memory/memory-views.ts';
import { runnerOn, type Run } from './program-device.ts';

interface Given {
  readonly memory: WasmMemory;
  /** Not 0 once a run has ended. */
  readonly done: Int32Array;
  /** Where an error of a run is told. */
  readonly complain: MessagePort;
}

const { memory, done, complain } = workerData as Given;
const run = runnerOn(new MemoryViews(memory));

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage('ready');
parentPort?.on('message', (message: Run) => {
  try {
    run(message);
  } catch (error) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    complain.postMessage(error);
  } finally {
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  }
});
