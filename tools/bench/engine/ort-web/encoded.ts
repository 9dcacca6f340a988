/** Products with matrices in the formats that onnxruntime has kernels for. */
import { at, operand, setting, type Problem } from '../problem.ts';
import { encodedFormats, groupSize } from '../rows/encoded.ts';
import type { OpGraph } from './graphs.ts';
import { constant, node } from './model.ts';

/** Codes of 4 bits in groups, multiplied as numbers. */
function int4(size: number, weight: ArrayLike<number>): OpGraph {
  const codes = Uint8Array.from({ length: (size * size) / 2 }, (_, byte) => {
    const code = (index: number): number => Math.round(at(weight, index) * 64) + 8;
    return code(2 * byte) | (code(2 * byte + 1) << 4);
  });
  const groups = size / groupSize;
  const attributes = { K: size, N: size, bits: 4, block_size: groupSize };
  return {
    nodes: [node('MatMulNBits', ['x0', 'w', 'scales'], ['y'], attributes, 'com.microsoft')],
    constants: [
      constant('w', 'u8', [size, groups, groupSize / 2], codes),
      constant('scales', 'f32', [size * groups], new Float32Array(size * groups).fill(1 / 64)),
    ],
    unused: [1],
  };
}

/** Codes of 8 bits, times x rounded to as many. */
function int8(size: number, weight: ArrayLike<number>): OpGraph {
  const codes = Int8Array.from({ length: size * size }, (_, index) =>
    Math.round(at(weight, (index % size) * size + Math.floor(index / size)) * 1024),
  );
  return {
    nodes: [
      node('DynamicQuantizeLinear', ['x0'], ['codes', 'scale', 'zero']),
      node('MatMulInteger', ['codes', 'w', 'zero'], ['sums']),
      node('Cast', ['sums'], ['floats'], { to: 1 }),
      node('Mul', ['scale', 'step'], ['factor']),
      node('Mul', ['floats', 'factor'], ['y']),
    ],
    constants: [constant('w', 'i8', [size, size], codes), constant('step', 'f32', [1], Float32Array.of(1 / 1024))],
    unused: [1],
  };
}

/** The graph of a row of matrices in a format. */
export function encoded(problem: Problem): OpGraph {
  const { values, shape } = operand(problem, 1);
  const format = encodedFormats[setting(problem, 'format')];
  if (format === 'int4') return int4(shape[0] ?? 0, values);
  if (format === 'int8') return int8(shape[0] ?? 0, values);
  throw new Error(`there is no kernel for ${format}`);
}
