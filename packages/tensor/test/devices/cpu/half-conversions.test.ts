import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { float16FromNumber, numberFromFloat16 } from '../../../src/dtype/half.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';

const cpu = createCpuDevice();

/** Rows so long are gone through in the widest vectors alone, four elements at a time and then one by one, or one by one alone. */
const widths = [64, 7, 3] as const;

/** Numbers of one dtype stored in the other, bits in and bits out, in rows of `width` numbers that do not touch each other. */
function converted(
  from: 'f16' | 'f32',
  to: 'f16' | 'f32',
  bytes: Uint8Array,
  count: number,
  width: number,
): ArrayBuffer {
  const bytesOfOne = { f16: 2, f32: 4 };
  const rows = Math.ceil(count / width);
  const spec: LoopSpec = {
    kind: 'loop',
    bindings: [
      { dtype: from, access: 'read' },
      { dtype: to, access: 'write' },
    ],
    outer: [rows, width],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [width, 1] }, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [width + 1, 1] }, arg: 0, each: 'row' },
    ],
  };
  const sizes = [rows * width * bytesOfOne[from], rows * (width + 1) * bytesOfOne[to]];
  const buffers = sizes.map((size) => cpu.allocate(size));
  const [input, output] = buffers as [(typeof buffers)[number], (typeof buffers)[number]];
  cpu.write(input, 0, bytes);
  const ranges = buffers.map((buffer, i) => ({ buffer, byteOffset: 0, byteLength: sizes[i] as number }));
  cpu.run([{ kernel: cpu.prepare(spec), ranges }]);
  const found = cpu.readSync(output, 0, sizes[1] as number).slice();
  for (const buffer of buffers) cpu.free(buffer);
  const rowBytes = width * bytesOfOne[to];
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const start = row * (width + 1) * bytesOfOne[to];
    packed.set(found.subarray(start, start + rowBytes), row * rowBytes);
  }
  return packed.buffer.slice(0, count * bytesOfOne[to]);
}

const patterns = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const bytesOf = ({
  buffer,
}: Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Uint8Array =>
  new Uint8Array(buffer);

test.each(widths)('every number of 16 bits is widened to itself, in rows of %d', (width) => {
  const found = new Float32Array(converted('f16', 'f32', bytesOf(patterns), patterns.length, width));
  expect([...found]).toEqual([...patterns].map(numberFromFloat16));
});

test.each(widths)(
  'numbers around each of 16 bits, and between each two, are rounded half to even, in rows of %d',
  (width) => {
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
    const found = new Uint16Array(converted('f32', 'f16', bytesOf(Float32Array.from(values)), values.length, width));
    const wrong = values.filter((value, i) => found[i] !== float16FromNumber(value));
    expect(wrong).toEqual([]);
  },
);

test.each(widths)('what is no number stays none, whatever its bits, and an infinity one, in rows of %d', (width) => {
  const wrong = [1, 0xfff, 0x1000, 0x3fffff, 0x400000, 0x7fffff].flatMap((rest) => [
    0x7f800000 + rest,
    0xff800000 + rest,
  ]);
  const bits = Uint32Array.from([...wrong, ...wrong, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff]);
  const found = new Uint16Array(converted('f32', 'f16', bytesOf(bits), bits.length, width));
  expect([...found.subarray(0, 24)].map((each) => each & 0x7fff)).toEqual(new Array(24).fill(0x7e00));
  expect([...found.subarray(24)]).toEqual([0x7c00, 0xfc00, 0x7c00, 0xfc00]);
});
