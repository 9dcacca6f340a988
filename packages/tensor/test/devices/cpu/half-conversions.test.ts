import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { float16FromNumber, numberFromFloat16 } from '../../../src/dtype/half.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';

const cpu = createCpuDevice();

/** Numbers of one dtype stored in the other, bits in and bits out. */
function converted(from: 'f16' | 'f32', to: 'f16' | 'f32', bytes: Uint8Array, count: number): ArrayBuffer {
  const spec: LoopSpec = {
    kind: 'loop',
    bindings: [
      { dtype: from, access: 'read' },
      { dtype: to, access: 'write' },
    ],
    outer: [count],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [1] }, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [1] }, arg: 0, each: 'row' },
    ],
  };
  const buffers = [bytes.byteLength, count * (to === 'f16' ? 2 : 4)].map((size) => cpu.allocate(size));
  const [input, output] = buffers as [(typeof buffers)[number], (typeof buffers)[number]];
  cpu.write(input, 0, bytes);
  const ranges = buffers.map((buffer) => ({ buffer, byteOffset: 0, byteLength: buffer.bytes }));
  cpu.run([{ kernel: cpu.prepare(spec), ranges }]);
  const found = cpu.readSync(output, 0, output.bytes).slice().buffer;
  for (const buffer of buffers) cpu.free(buffer);
  return found;
}

const patterns = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const bytesOf = ({
  buffer,
}: Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Uint8Array =>
  new Uint8Array(buffer);

test('every number of 16 bits is widened to itself', () => {
  const found = new Float32Array(converted('f16', 'f32', bytesOf(patterns), patterns.length));
  expect([...found]).toEqual([...patterns].map(numberFromFloat16));
});

test('numbers around each of 16 bits, and between each two, are rounded to the nearest, ties to even', () => {
  const finite = [...patterns].filter((bits) => (bits & 0x7c00) !== 0x7c00);
  const words = new Uint32Array(1);
  const float = new Float32Array(words.buffer);
  const near = (value: number): number[] =>
    [-1, 0, 1].map((by) => {
      float[0] = value;
      words[0] = (words[0] as number) + by;
      return float[0];
    });
  const values = finite.flatMap((bits) => {
    const value = numberFromFloat16(bits);
    const beyond = numberFromFloat16(bits + 1);
    // What would be the next of the largest number is 2^16.
    const next = Number.isFinite(beyond) ? beyond : Math.sign(value) * 2 ** 16;
    return [...near(value), ...near((value + next) / 2)].filter((each) => Number.isFinite(each));
  });
  const found = new Uint16Array(converted('f32', 'f16', bytesOf(Float32Array.from(values)), values.length));
  const wrong = values.filter((value, i) => found[i] !== float16FromNumber(value));
  expect(wrong).toEqual([]);
});

test('what is no number stays none, whatever its bits, and an infinity one', () => {
  const wrong = [1, 0xfff, 0x1000, 0x3fffff, 0x400000, 0x7fffff].flatMap((rest) => [
    0x7f800000 + rest,
    0xff800000 + rest,
  ]);
  const bits = Uint32Array.from([...wrong, ...wrong, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff]);
  const found = new Uint16Array(converted('f32', 'f16', bytesOf(bits), bits.length));
  expect([...found.subarray(0, 24)].map((each) => each & 0x7fff)).toEqual(new Array(24).fill(0x7e00));
  expect([...found.subarray(24)]).toEqual([0x7c00, 0xfc00, 0x7c00, 0xfc00]);
});
