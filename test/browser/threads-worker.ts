/** A worker of a page that computes with threads of its own: posts what devices of several threads say of themselves and come to. */
import { createCpuDevice, Generator, randn, type Tensor } from '@espalier/tensor';
import { Pool } from '../../packages/tensor/src/devices/cpu/threads/pool.ts';

/** Threads that were up when something was to be run. */
let ready = 0;
const { value: run } = Object.getOwnPropertyDescriptor(Pool.prototype, 'run') as { value: Pool['run'] };
Pool.prototype.run = function observed(...words): void {
  ready = Math.max(ready, this.ready);
  run.apply(this, words);
};

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function computed(threads: number): Promise<{ readonly description: string; readonly bytes: Uint8Array }> {
  const device = createCpuDevice({ name: `cpu:${threads}`, threads });
  const generator = new Generator(5);
  const drawn = (shape: readonly number[]): Tensor => randn(shape, { generator, device }).realizeSync();
  let x = drawn([700, 400]);
  const w = drawn([400, 400]);
  for (let turn = 0; turn < 5; turn++) {
    x = x.matmul(w).softmax(1).realizeSync();
    // Threads come up meanwhile.
    await sleep(100);
  }
  return { description: device.description, bytes: await x.bytes() };
}

const results = [await computed(1), await computed(3)];
postMessage({ isolated: crossOriginIsolated, ready, results });
