import { compile, csr, device, encodeMatrix, randn, type Tensor } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { whereDenseIsFaster } from '../helpers/dear-formats.ts';
import { build } from '../../src/index.ts';

test.each([
  [{ type: 'linear', in: 12, out: 5 }, [3, 12]],
  [{ type: 'conv2d', in: 2, out: 4, kernel: 3 }, [2, 2, 6, 5]],
] as const)(
  'a weight in a format keeps a dense copy on WebGPU and computes the same, recorded too: %j',
  async (config, shape) => {
    const gpu = whereDenseIsFaster(await device('webgpu'));
    const model = build(config, { seed: 3, device: gpu });
    const weight = model.namedParameters().get('weight');
    if (!weight) throw new Error('a layer without a weight');
    const x = randn(shape, { device: gpu });
    const wanted = (await model.forward(x).data()) as Float32Array;
    const dense = weight.tensor.detach();
    const matrix = await encodeMatrix(dense.reshape([dense.shape[0] as number, -1]), csr);
    weight.store({ matrix }).mayKeepDense = true;
    const step = compile((input: Tensor) => model.forward(input));
    for (let turn = 0; turn < 2; turn++) {
      const found = (await step(x).data()) as Float32Array;
      expect(found.every((value, at) => Math.abs(value - (wanted[at] ?? NaN)) <= 1e-5)).toBe(true);
    }
    expect(weight.bytes).toBe(matrix.bytes + weight.size * 4);
  },
);
