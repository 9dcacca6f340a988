// A model that was worked on goes back into the file that it came from: what did not change keeps its bits.
import type { Parameter } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  changedTensors,
  importModel,
  memorySink,
  openPyTorch,
  writePyTorchLike,
  type PyTorchSource,
} from '../../src/index.ts';
import { golden } from '../helpers/golden.ts';

const open = (name: string): Promise<PyTorchSource> => openPyTorch(bytesOf(golden(`pytorch/${name}`), name));

/** Half of a parameter gone, as pruning does it. */
function mask(parameter: Parameter, kept: readonly number[]): void {
  const factors = tensor(kept).reshape(parameter.shape);
  parameter.views.push({ name: 'mask', apply: (value) => value.mul(factors) });
}

async function changedBy(
  name: string,
  change: (parameters: Map<string, Parameter>) => void,
): Promise<[PyTorchSource, PyTorchSource]> {
  const source = await open(name);
  const imported = await importModel(source);
  change(imported.module.namedParameters());
  const sink = memorySink();
  await writePyTorchLike(sink, source, changedTensors(source, imported, imported.module));
  return [source, await openPyTorch(bytesOf(sink.bytes()))];
}

describe('a mask', () => {
  test('sets to zero what it covers, and leaves the bits of all else', async () => {
    const kept = [1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1];
    for (const name of ['linear.pth', 'linear-legacy.pth', 'state.pth', 'checkpoint.pth', 'parallel.pth']) {
      const [before, after] = await changedBy(name, (parameters) => mask(parameters.get('weight') as Parameter, kept));
      const [old, now] = [await before.read('weight'), await after.read('weight')].map(
        ({ buffer }) => new Uint32Array(buffer),
      );
      expect([...(now ?? [])]).toEqual([...(old ?? [])].map((bits, index) => (kept[index] === 1 ? bits : 0)));
      expect(await after.read('bias')).toEqual(await before.read('bias'));
      expect(after.state.module?.of.name).toBe(before.state.module?.of.name);
    }
  });

  test('of every dtype', async () => {
    const names = 'F64 F32 F16 BF16 F8_E4M3 F8_E5M2 F8_E4M3FNUZ F8_E5M2FNUZ'.split(' ');
    const [before, after] = await changedBy('dtypes.pth', (parameters) => {
      for (const name of names) mask(parameters.get(name) as Parameter, [1, 1, 1, 0, 0, 0]);
    });
    for (const [name, { bytes }] of before.tensors) {
      const old = await before.read(name);
      if (names.includes(name)) old.fill(0, bytes / 2);
      expect([name, await after.read(name)]).toEqual([name, old]);
    }
  });

  test('of a tied tensor is that of both', async () => {
    const [, after] = await changedBy('odd.pth', (parameters) =>
      mask(parameters.get('0.weight') as Parameter, [0, 0, 0, 0, 0, 0, 0, 0, 1]),
    );
    expect(after.ties.get('2.weight')).toBe('0.weight');
    expect((await after.read('2.weight')).slice(0, 32)).toEqual(new Uint8Array(32));
  });

  test('other values are rounded to the dtype of the file, and refused where none is made of it', async () => {
    const half = (parameters: Map<string, Parameter>, name: string): void =>
      void parameters.get(name)?.views.push({ name: 'half', apply: (value) => value.mul(0.5) });
    const [before, after] = await changedBy('dtypes.pth', (parameters) => half(parameters, 'F64'));
    const [old, now] = [await before.read('F64'), await after.read('F64')].map(({ buffer }) => [
      ...new Float64Array(buffer),
    ]);
    expect(now).toEqual(old?.map((value) => value / 2));
    await expect(changedBy('dtypes.pth', (parameters) => half(parameters, 'F8_E4M3'))).rejects.toThrow(
      "'F8_E4M3' is F8_E4M3, which other values are not rounded to",
    );
  });
});
