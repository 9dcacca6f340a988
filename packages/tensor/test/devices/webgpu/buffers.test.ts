/** What the pool does when the host has no memory: tested on a host made up for it, since real ones have plenty. */
import { OutOfMemoryError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { BufferPool } from '../../../src/devices/webgpu/buffers.ts';
import { Failures } from '../../../src/devices/webgpu/failures.ts';

/** A GPU device with room for so many bytes. */
function hostWith(room: number): { readonly device: GPUDevice; readonly used: () => number } {
  let used = 0;
  const outcomes: (object | null)[] = [];
  const device = {
    limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 },
    lost: new Promise(() => {}),
    pushErrorScope: () => {},
    popErrorScope: async () => outcomes.shift(),
    createBuffer: ({ size }: { size: number }) => {
      const fits = used + size <= room;
      if (fits) used += size;
      outcomes.push(fits ? null : { message: 'out of memory' });
      return { size, destroy: () => (used -= fits ? size : 0) };
    },
  };
  return { device: device as unknown as GPUDevice, used: () => used };
}

test('a buffer that the host refuses is told with what is alive, and never handed out again', async () => {
  const MiB = 2 ** 20;
  const { device, used } = hostWith(8 * MiB);
  const failures = new Failures(device);
  let reclaimed = 0;
  const pool = new BufferPool(device, failures, () => reclaimed++);
  const [kept, unused] = [pool.allocate(4 * MiB), pool.allocate(2 * MiB)];
  pool.free(unused);
  const refused = pool.allocate(3 * MiB);
  await failures.settled();
  expect(() => failures.check()).toThrow(OutOfMemoryError);
  // Told once; what nobody used went back to the host, and was asked for elsewhere.
  expect(() => failures.check()).not.toThrow();
  expect([used(), reclaimed]).toEqual([4 * MiB, 1]);
  pool.free(refused);
  const again = pool.allocate(3 * MiB);
  await failures.settled();
  failures.check();
  expect(again.gpu).not.toBe(refused.gpu);
  expect(pool.memory()).toEqual({ bytes: 7 * MiB, buffers: 2 });
  pool.free(kept);
});
