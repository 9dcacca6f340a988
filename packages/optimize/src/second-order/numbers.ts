/** The formats that rounded weights end up in: int8 as a view, or codes of 4 bits with scales for groups of columns. */
import type { Module, Parameter } from '@espalier/nn';
import {
  dtypes,
  int4,
  intN,
  type Encoding,
  type KernelForm,
  type MatrixShape,
  type StoredFormat,
} from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { storeEncoding } from '../layout/file-form.ts';
import { setQuantization } from '../quantize/quantize-view.ts';
import { MaskView } from '../prune/mask-view.ts';
import { settle } from '../quantize/settle.ts';
import { Companions } from '../recipe/companions.ts';
import { quote } from '../quote.ts';
import { oneOf } from '../recipe/options.ts';
import type { Effect } from '../recipe/pass.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { gridAt, onGridInFloats, stepOf, type Grid } from './grid.ts';
import { GridView, gridViewName } from './grid-view.ts';
import { assignValues } from '../selection/weights.ts';

/** Which numbers weights are rounded to. */
export interface NumberOptions {
  /**
   * 8: int8, with a scale for each row. 4, 3 or 2: so many bits a weight beside the scales, as `int4` and `int-n` have them; in
   * memory 3 and 2 bits take the 4 that kernels compute from. Default: 4.
   */
  readonly bits?: 2 | 3 | 4 | 8;
  /** Columns that share a scale, a power of two of at least 16; below 8 bits. Default: all of a row. */
  readonly group?: number;
  /** What scales are stored in, and rounded to before weights are; `f16` below 8 bits only, where they take half. Default: f32. */
  readonly scales?: 'f32' | 'f16';
}

/** The names of these options. */
export const numberOptionNames = ['bits', 'group', 'scales'] as const;

/** Options that were checked. */
export interface Numbers {
  readonly bits: number;
  readonly group: number | undefined;
  /** Whether each grid has a zero point. */
  readonly zeros: boolean;
  readonly scales: 'f32' | 'f16';
}

/**
 * The options, checked.
 * @throws {RecipeError} for options that contradict themselves.
 */
export function numbersOf(place: string, { bits = 4, group, scales = 'f32' }: NumberOptions, zeros = false): Numbers {
  if (![2, 3, 4, 8].includes(bits))
    throw new RecipeError(place, `bits is ${quote(bits)}; it must be one of 2, 3, 4, 8`);
  if (zeros && bits === 8)
    throw new RecipeError(place, 'has zeros, but int8 lies around 0; leave zeros out, or give fewer bits');
  oneOf(place, 'scales', scales, ['f32', 'f16']);
  if (bits === 8 && scales === 'f16')
    throw new RecipeError(place, 'has scales in f16, but int8 has them in f32; leave scales out, or give fewer bits');
  if (group === undefined) return { bits, group, zeros, scales };
  if (bits === 8)
    throw new RecipeError(place, 'has a group, but int8 has a scale for each row; leave group out, or give fewer bits');
  if (!int4.options.group.holds(group))
    throw new RecipeError(place, `group is ${quote(group)}; it must be ${int4.options.group.is}`);
  return { bits, group, zeros, scales };
}

/** The weights of a model that are rounded to some numbers, from when each is until all are final. */
export class RoundedWeights {
  /** What it does to a model. */
  readonly effects: readonly Effect[];
  /** The numbers in words. */
  readonly words: string;
  readonly #numbers: Numbers;
  /** By the parameter: one pass may work on several models at once. */
  readonly #views = new WeakMap<Parameter, GridView>();

  constructor(numbers: Numbers) {
    this.#numbers = numbers;
    this.effects = numbers.bits === 8 ? ['numbers'] : ['numbers', 'format'];
    this.words = describeNumbers(numbers);
  }

  /** How many columns share a grid: a group, or the power of two that a whole row fits in. */
  widthFor(columns: number): number {
    const { bits, group } = this.#numbers;
    if (bits === 8) return Math.max(1, columns);
    return group ?? Math.max(16, 2 ** Math.ceil(Math.log2(columns)));
  }

  /**
   * Gives a parameter its rounded values, which lie on these grids, row after row. What it was before is what is trained if its
   * stage trains; it is rounded to the same.
   */
  set(
    { name, parameter }: NamedParameter,
    values: Float32Array<ArrayBuffer>,
    grids: readonly Grid[],
    before: Float32Array = values,
  ): void {
    const { bits, zeros } = this.#numbers;
    if (bits === 8) {
      assignValues({ name, parameter }, values);
      setQuantization(
        parameter,
        'int8',
        Float32Array.from(grids, ({ scale }) => scale),
      );
      return;
    }
    const [rows = 1] = parameter.shape;
    const columns = values.length / rows;
    const width = this.widthFor(columns);
    const raw = values.map((value, at) => {
      const grid = gridAt(grids, Math.floor(at / columns), at % columns, columns, width);
      const own = before[at] as number;
      return onGridInFloats(grid, own) === value ? own : value;
    });
    assignValues({ name, parameter }, raw);
    const view = new GridView(grids, parameter.tensor, { bits, width, zeros });
    parameter.views.push(view);
    this.#views.set(parameter, view);
  }

  /** The scales of some parameters, as what is trained beside them. */
  scales(chosen: readonly NamedParameter[]): Module {
    return new Companions(
      chosen.flatMap(({ name, parameter }) => {
        const view = this.#views.get(parameter);
        return view ? [[name, view.shares] as const] : [];
      }),
    );
  }

  /** Makes the rounding of a parameter final: as codes, after whatever training there was. */
  async settle({ parameter }: NamedParameter): Promise<void> {
    const view = this.#views.get(parameter);
    if (!view) return settle(parameter);
    const { scales } = this.#numbers;
    const grids = await view.grids((scale) => dtypes[scales].round(scale));
    const raw = (await parameter.tensor.data()) as Float32Array;
    const kept = await parameter.views.find((each) => each instanceof MaskView)?.kept();
    parameter.removeViews(gridViewName);
    const [rows = 1] = parameter.shape;
    const shape = [rows, raw.length / rows] as const;
    const numbers = { ...this.#numbers, group: this.widthFor(shape[1]) };
    const values = raw.map((value, at) => {
      if (kept?.[at] === 0) return 0;
      const grid = gridAt(grids, Math.floor(at / shape[1]), at % shape[1], shape[1], numbers.group);
      return onGridInFloats(grid, value);
    });
    const [format, encoding] = encodingOf(values, shape, numbers, grids);
    storeEncoding(parameter, format, shape, encoding, parameter.device);
  }
}

function describeNumbers({ bits, group, zeros, scales: as }: Numbers): string {
  if (bits === 8) return 'int8';
  const scales = zeros ? 'a scale and a zero point' : 'a scale';
  const share = `${scales} for each ${group === undefined ? 'row' : `${group} columns`}`;
  return `${bits} bits with ${share}${as === 'f16' ? ', scales in f16' : ''}`;
}

/** Values as the codes of their grids: in `int4` where that has them, else in `int-n`. */
function encodingOf(
  values: Float32Array,
  [rows, columns]: MatrixShape,
  { bits, group, zeros, scales: as }: Numbers & { readonly group: number },
  grids: readonly Grid[],
): readonly [StoredFormat, Encoding] {
  const bytes = Math.ceil((columns * 4) / 8);
  const codes = new Uint8Array(rows * bytes);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const grid = gridAt(grids, row, column, columns, group);
      const code = stepOf(grid, values[row * columns + column] as number) + (zeros ? -grid.least : 8);
      const at = row * bytes + (column >> 1);
      codes[at] = (codes[at] as number) | (code << ((column & 1) * 4));
    }
  const shape = [rows, Math.ceil(columns / group)];
  const scales = Float32Array.from(grids, ({ scale }) => scale);
  const four: Encoding = {
    settings: { group, zeros },
    arrays: {
      codes: { dtype: 'u8', shape: [rows, bytes], data: codes },
      scales: { dtype: 'f32', shape, data: scales },
      ...(zeros && { zeros: { dtype: 'u8', shape, data: Uint8Array.from(grids, ({ least }) => -least) } }),
    },
  };
  if (bits === 4 && as === 'f32') return [int4, four];
  const { from } = intN.kernelForm as KernelForm;
  return [intN, from(four, { bits, group, zeros, scales: as }, [rows, columns])];
}
