/** onnxruntime-web on WebAssembly, one thread. */
import { createRequire } from 'node:module';
import { groupSize } from '../encoded.mjs';
import { constant, node, onnxModel } from './onnx-model.mjs';

const require = createRequire(new URL('../peers/package.json', import.meta.url));
const ort = require('onnxruntime-web');
ort.env.wasm.numThreads = 1;

export const name = () => `onnxruntime-web ${ort.env.versions.web} (wasm)`;

/** Codes of 4 bits in groups, multiplied as numbers. */
function int4Model({ size, rows, weight }) {
  const codes = Uint8Array.from({ length: (size * size) / 2 }, (_, byte) => {
    const [low, high] = [weight[2 * byte], weight[2 * byte + 1]].map((value) => Math.round(value * 64) + 8);
    return low | (high << 4);
  });
  const groups = size / groupSize;
  const attributes = { K: size, N: size, bits: 4, block_size: groupSize };
  return onnxModel(
    [node('MatMulNBits', ['x', 'w', 'scales'], ['y'], attributes, 'com.microsoft')],
    [
      constant('w', 'u8', [size, groups, groupSize / 2], codes),
      constant('scales', 'f32', [size * groups], new Float32Array(size * groups).fill(1 / 64)),
    ],
    [rows, size],
    [rows, size],
  );
}

/** Codes of 8 bits, times x rounded to as many. */
function int8Model({ size, rows, weight }) {
  const codes = Int8Array.from({ length: size * size }, (_, index) =>
    Math.round(weight[(index % size) * size + Math.floor(index / size)] * 1024),
  );
  return onnxModel(
    [
      node('DynamicQuantizeLinear', ['x'], ['codes', 'scale', 'zero']),
      node('MatMulInteger', ['codes', 'w', 'zero'], ['sums']),
      node('Cast', ['sums'], ['floats'], { to: 1 }),
      node('Mul', ['scale', 'step'], ['factor']),
      node('Mul', ['floats', 'factor'], ['y']),
    ],
    [constant('w', 'i8', [size, size], codes), constant('step', 'f32', [1], Float32Array.of(1 / 1024))],
    [rows, size],
    [rows, size],
  );
}

const models = { int4: int4Model, int8: int8Model };

export async function encoded(problem) {
  const session = await ort.InferenceSession.create(models[problem.format](problem), { executionProviders: ['wasm'] });
  const x = new ort.Tensor('float32', problem.x, [problem.rows, problem.size]);
  let y;
  return {
    step: async () => {
      ({ y } = await session.run({ x }));
    },
    check: async () => y.data[2],
  };
}
