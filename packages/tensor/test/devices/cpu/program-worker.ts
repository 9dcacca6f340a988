/** Runs programs that it is sent, on the memory that it was given. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WasmMemory } from '../../../src/devices/cpu/assembler/web-assembly.ts';
import '../../../src/devices/cpu/encoded/encoded.ts';
import { MemoryViews } from '../../../src/devices/cpu/memory/memory-views.ts';
import { runnerOn, type Run } from './program-device.ts';

const { memory, done } = workerData as { readonly memory: WasmMemory; readonly done: Int32Array };
const run = runnerOn(new MemoryViews(memory));

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage('ready');
parentPort?.on('message', (message: Run) => {
  let outcome = 2;
  try {
    run(message);
    outcome = 1;
  } finally {
    Atomics.store(done, 0, outcome);
    Atomics.notify(done, 0);
  }
});
