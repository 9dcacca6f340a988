// A tensor that is written piece by piece is what it is as a whole, and a failure leaves no memory behind.
import { ArgumentError, createCpuDevice, DTypeError, fromBytes, fromChunks, ShapeError } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

function* cut(bytes: Uint8Array, at: readonly number[]): Generator<Uint8Array> {
  let begin = 0;
  for (const end of [...at.toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(begin, end);
    begin = end;
  }
}

test('pieces of any lengths are the tensor of all bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.nat(40), { maxLength: 4 }),
      fc.constantFrom('u8', 'bool'),
      async (bytes, places, dtype) => {
        const at = places.map((place) => Math.min(place, bytes.length));
        const made = await fromChunks(cut(bytes, at), [bytes.length], { dtype });
        expect(await made.bytes()).toEqual(await fromBytes(bytes, [bytes.length], { dtype }).bytes());
      },
    ),
  );
});

test('a piece may be written over as soon as the next one is asked for', async () => {
  const piece = new Uint8Array(4);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let value = 1; value <= 3; value++) {
      piece.fill(value);
      yield piece;
      piece.fill(99);
      await Promise.resolve();
    }
  }
  const made = await fromChunks(pieces(), [12], { dtype: 'u8' });
  expect(made.arraySync()).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
});

test('too few bytes, too many, and a piece that fails give the memory back', async () => {
  const device = createCpuDevice();
  const make = (...lengths: readonly number[]): Promise<unknown> =>
    fromChunks(
      lengths.map((length) => new Uint8Array(length)),
      [2],
      { dtype: 'f32', device },
    );
  await expect(make(4)).rejects.toThrow('4 bytes do not fill f32 [2], which takes 8');
  await expect(make(4, 4, 4)).rejects.toThrow(ShapeError);
  const failing = (function* fail(): Generator<Uint8Array> {
    yield new Uint8Array(4);
    throw new Error('the disk is gone');
  })();
  await expect(fromChunks(failing, [2], { dtype: 'f32', device })).rejects.toThrow('the disk is gone');
  await expect(fromChunks(['text'] as never, [2], { dtype: 'f32', device })).rejects.toThrow(ArgumentError);
  expect(device.memory()).toEqual({ bytes: 0, buffers: 0 });
  device.dispose();
});

test('a dtype that the device has not is refused before anything is read', async () => {
  const device = createCpuDevice();
  const narrow = Object.create(device, {
    capabilities: { value: { ...device.capabilities, dtypes: new Set(['f32']) } },
  }) as typeof device;
  await expect(fromChunks([new Uint8Array(8)], [1], { dtype: 'f64', device: narrow })).rejects.toThrow(DTypeError);
  device.dispose();
});
