/** Layers whose inputs are correlated, as those behind other layers are. */
import { build, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import { Generator, randn, type Tensor } from '@espalier/tensor';
import { maskOf } from '../../src/index.ts';

/** Rows of `columns` numbers that are mixtures of `sources` independent ones, and of a little noise. */
export function mixtures(rows: number, columns: number, sources: number, seed: number): Tensor {
  const generator = new Generator(seed);
  const mixed = randn([rows, sources], { generator }).matmul(randn([sources, columns], { generator }));
  return mixed.add(randn([rows, columns], { generator }).mul(0.1)).realizeSync();
}

/** Inputs as a dataset; what is to be answered does not matter. */
export function unlabelled(x: Tensor): Dataset {
  const [rows = 0] = x.shape;
  return tensorDataset(x, x.reshape([rows, rows === 0 ? 0 : x.size / rows]).sum(1));
}

/** One linear layer. */
export function linear(columns: number, rows: number, seed: number): Module {
  return build({ type: 'linear', in: columns, out: rows, bias: false }, { seed });
}

/** ‖outputs of a - outputs of b‖² on some inputs. */
export function outputError(a: Module, b: Module, x: Tensor): number {
  return a.call(x).sub(b.call(x)).square().sum().itemSync();
}

/** What a model computes with of a parameter. */
export function valuesOf(model: Module, name = 'weight'): Float32Array {
  return model.namedParameters().get(name)?.value.dataSync() as Float32Array;
}

/** The mask of a parameter: 1 for each weight that is kept. */
export async function keptOf(model: Module, name = 'weight'): Promise<number[]> {
  const parameter = model.namedParameters().get(name);
  return [...((parameter && (await maskOf(parameter)?.kept())) ?? [])];
}

/** A grouped convolution and a linear layer behind it. */
export function convolutional(): Module {
  const convolution = { type: 'conv2d', in: 2, out: 6, kernel: 3, groups: 2, padding: 1 };
  const layers = [convolution, { type: 'relu' }, { type: 'flatten' }, { type: 'linear', in: 96, out: 20 }];
  return build({ type: 'sequential', layers }, { seed: 2 });
}

/** What it takes. */
export const images: Dataset = unlabelled(mixtures(60, 32, 4, 1).reshape([60, 2, 4, 4]).realizeSync());
