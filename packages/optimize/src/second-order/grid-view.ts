/** Weights on grids while a stage trains them: what is trained lies beside the numbers that the model computes with. */
import { Parameter, type ParameterView } from '@espalier/nn';
import { fromTyped, type Tensor } from '@espalier/tensor';
import { spread } from '../quantize/quantize-view.ts';
import { throughCodes } from '../quantize/rounding-ops.ts';
import type { Grid } from './grid.ts';

/** How weights are laid on their grids. */
export interface GridLayout {
  readonly bits: number;
  /** Columns that share a grid. */
  readonly width: number;
  readonly zeros: boolean;
}

/** The name of such views. */
export const gridViewName = 'grid';

/**
 * Shows a parameter on the nearest numbers of its grids, with the gradients of `throughCodes`. Scales are trained as shares of what
 * they were, so that an optimizer whose steps have one size moves those of small weights as those of large ones; after S. K. Esser
 * et al., "Learned step size quantization", ICLR 2020.
 */
export class GridView implements ParameterView {
  readonly name: string = gridViewName;
  /** What each scale is multiplied by. */
  readonly shares: Parameter;
  readonly apply: (tensor: Tensor) => Tensor;
  readonly #grids: readonly Grid[];

  constructor(grids: readonly Grid[], like: Tensor, { bits, width, zeros }: GridLayout) {
    const { shape, device, size } = like;
    const [rows = 1] = shape;
    const place = (values: Float32Array<ArrayBuffer>): Tensor => fromTyped(values, [values.length], { device });
    const over = (each: Tensor): Tensor => spread(each, [rows, size / rows], width).reshape(shape);
    const half = 2 ** (bits - 1);
    const bounds = zeros ? { minimum: 0, maximum: 2 * half - 1 } : { minimum: -half, maximum: half - 1 };
    const scales = place(Float32Array.from(grids, ({ scale }) => scale)).realizeSync();
    const zero = zeros ? over(place(Float32Array.from(grids, ({ least }) => -least))).realizeSync() : 0;
    // Of n weights that share a scale it gets 1 / √(n · largest code) of its gradient.
    const part = Math.sqrt(grids.length / (size * bounds.maximum));
    this.#grids = grids;
    this.shares = new Parameter(place(new Float32Array(grids.length).fill(1)));
    this.apply = (values) => {
      const shares = this.shares.value;
      const moved = shares.mul(part).add(shares.detach().mul(1 - part));
      return throughCodes([values, over(scales.mul(moved)), zero], bounds);
    };
  }

  /** The grids as they are by now, their scales as they can be stored. */
  async grids(store: (scale: number) => number): Promise<readonly Grid[]> {
    const shares = (await this.shares.tensor.data()) as Float32Array;
    return this.#grids.map((grid, at) =>
      shares[at] === 1 ? grid : { ...grid, scale: store(grid.scale * (shares[at] as number)) },
    );
  }
}
