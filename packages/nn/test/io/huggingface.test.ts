import { readFileSync } from 'node:fs';
import { decodeSafetensors, encodeSafetensors, readSafetensors } from '@espalier/nn';
import { expect, test } from 'vitest';

// Written by tools/golden/external_reader.py with the format's own implementation.
const file = new Uint8Array(readFileSync(new URL('../golden/huggingface.safetensors', import.meta.url)));
const signed = [-1.5, 0.25, 65504, -0, 3, 1e-3];
const whole = [0, 1, 2, 3, 100, 127];
const negative = [-0, -1, -2, -3, -100, -127].map((value) => value + 0);

test.each([
  ['f64', [2, 3], signed],
  ['f32', [3, 2], signed.map(Math.fround)],
  ['f16', [6], [-1.5, 0.25, 65504, -0, 3, 1049 / 2 ** 20]],
  ['bf16', [6], [-1.5, 0.25, 65536, -0, 3, 131 / 2 ** 17]],
  ['i32', [6], negative],
  ['u32', [6], whole],
  ['i8', [6], negative],
  ['u8', [6], whole],
  ['bool', [3], [1, 0, 1]],
  ['scalar', [], [7]],
  ['empty', [0, 4], []],
  ['layers.0.weight ☃', [1, 1], [1]],
] as const)('%s, written by Hugging Face, is read as it was written', async (name, shape, values) => {
  const found = readSafetensors(file).tensors.get(name);
  expect(found?.shape).toEqual(shape);
  expect(Array.from((await found?.data()) ?? [], Number)).toEqual(values);
});

test('a file from elsewhere is written again without loss', () => {
  const { tensors, metadata } = decodeSafetensors(file);
  expect(metadata).toEqual({ format: 'pt' });
  const again = decodeSafetensors(encodeSafetensors(tensors, metadata));
  expect(again.metadata).toEqual(metadata);
  expect(again.tensors.size).toBe(12);
  for (const [name, { dtype, shape, bytes }] of tensors) {
    const copy = again.tensors.get(name);
    expect({ name, dtype: copy?.dtype, shape: copy?.shape }).toEqual({ name, dtype, shape });
    expect(copy?.bytes).toEqual(bytes);
  }
});
