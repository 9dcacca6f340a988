// Threads in a browser: a worker of a page that is cross-origin isolated has them, and the main thread has none.
import { createCpuDevice } from '@espalier/tensor';
import { expect, test } from 'vitest';

interface Posted {
  readonly isolated: boolean;
  readonly ready: number;
  readonly results: readonly { readonly description: string; readonly bytes: Uint8Array }[];
}

test('a worker computes with threads of its own, to the bytes of one', async () => {
  const worker = new Worker(new URL('./threads-worker.ts', import.meta.url), { type: 'module' });
  const { isolated, ready, results } = await new Promise<Posted>((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data as Posted));
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
  });
  worker.terminate();
  const [one, several] = results;
  expect(isolated).toBe(true);
  expect(ready).toBe(2);
  expect(one?.description).toContain('one thread, shared memory');
  expect(several?.description).toContain('3 threads, shared memory');
  expect(several?.bytes).toEqual(one?.bytes);
});

test('the main thread of a page may not wait, and computes alone', () => {
  const device = createCpuDevice({ name: 'cpu:page', threads: 3 });
  expect(device.description).toContain('one thread');
  device.dispose();
});
