/** Layers whose inputs are correlated, as those behind other layers are. */
import { build, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import { Generator, randn, type Tensor } from '@espalier/tensor';

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
