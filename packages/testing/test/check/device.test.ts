import { createReferenceDevice, type Device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { checkDevice } from '@espalier/testing';

test('the reference device obeys the laws', async () => {
  const { cases } = await checkDevice(createReferenceDevice('lawful'), { runs: 60 });
  expect(cases).toBe(60);
});

/** The reference device with one method replaced. */
function broken(replace: (device: Device) => Partial<Device>): Device {
  const device = createReferenceDevice('broken');
  return new Proxy(device, {
    get: (target, key) => {
      const value: unknown = Reflect.get(replace(target), key) ?? Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test.each([
  [
    'writes at offset 0 only',
    (device: Device) => ({ write: (buffer, _, data) => device.write(buffer, 0, data.subarray(0, buffer.bytes)) }),
    'expected',
  ],
  ['runs only the first call', (device: Device) => ({ run: (calls) => device.run(calls.slice(0, 1)) }), 'expected'],
  ['never frees', () => ({ free: () => {} }), 'memory()'],
] as const satisfies readonly (readonly [string, (device: Device) => Partial<Device>, string])[])(
  'a device that %s is caught',
  async (_, replace, message) => {
    await expect(checkDevice(broken(replace), { runs: 300 })).rejects.toThrow(message);
  },
);
