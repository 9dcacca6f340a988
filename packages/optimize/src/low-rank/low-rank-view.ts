/** Weights that are changed by a product of two small matrices. */
import { deriveSeed, Parameter, type ParameterView } from '@espalier/nn';
import { Generator, uniform, zeros, type Tensor } from '@espalier/tensor';

/** The name of such views. */
export const lowRankViewName = 'low-rank';

/**
 * Shows a weight, as a matrix [first axis, all other axes], with `up` · `down` · scale added: nothing at first, as `up` begins at 0.
 */
export class LowRankView implements ParameterView {
  readonly name: string = lowRankViewName;
  /** [rows, rank] */
  readonly up: Parameter;
  /** [rank, columns] */
  readonly down: Parameter;
  readonly #scale: number;

  constructor(like: Tensor, rank: number, scale: number, seed: number) {
    const { shape, size, device } = like;
    const [rows = 1] = shape;
    const columns = size / rows;
    const bound = 1 / Math.sqrt(columns);
    const options = { device, generator: new Generator(deriveSeed(seed, 'down')) };
    this.up = new Parameter(zeros([rows, rank], { device }).realizeSync());
    this.down = new Parameter(uniform([rank, columns], { low: -bound, high: bound }, options).realizeSync());
    this.#scale = scale;
  }

  /** What is added, in the shape of the weight. */
  change({ shape }: Tensor): Tensor {
    return this.up.value.matmul(this.down.value).mul(this.#scale).reshape(shape);
  }

  readonly apply = (tensor: Tensor): Tensor => tensor.add(this.change(tensor));
}
