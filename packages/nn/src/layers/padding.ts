/** The layer that makes images larger. */
import { ShapeError, type BorderMode, type Size2d, type Tensor } from '@espalier/tensor';
import { either, optional, parseFields, real, show, size, word, type Field, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';
import { pairOf } from './windows.ts';

/** Rows and columns before and after an image. */
export type Edges = readonly [
  vertical: readonly [top: number, bottom: number],
  horizontal: readonly [left: number, right: number],
];

/** Options of padding. */
export interface Pad2dOptions {
  /** On all sides, or [height, width], or [[top, bottom], [left, right]]. */
  readonly padding: Size2d | Edges;
  /** What is added: a value, or a mirror, a copy of the edge, or the other end of the image. Default: `constant`. */
  readonly mode?: 'constant' | BorderMode;
  /** The value of mode `constant`. Default: 0. */
  readonly value?: number;
}

const side = size(0);
const edges: Field<Edges> = {
  parse: (value, where) => {
    if (!Array.isArray(value) || value.length !== 2 || !value.every((pair) => Array.isArray(pair)))
      throw new ConfigError(
        where,
        `is ${show(value)}; it must be a non-negative integer, two of them, or [[top, bottom], [left, right]]`,
      );
    return value.map((pair, axis) => side.parse(pair, `${where}[${axis}]`)) as unknown as Edges;
  },
};

const fields: Fields<Pad2dOptions> = {
  padding: either(size(0), edges),
  mode: optional(word('constant', 'reflect', 'replicate', 'circular'), 'constant'),
  value: optional(real(), 0),
};

/** Images [batch, channels, height, width] with a border around. */
export class Pad2d extends Module {
  readonly type = 'pad2d';
  readonly options: Required<Pad2dOptions>;
  readonly #edges: Edges;

  /** @throws {ConfigError} for options that are wrong. */
  constructor(options: Pad2dOptions) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { padding } = this.options;
    const [vertical, horizontal] = typeof padding === 'number' ? pairOf(padding) : padding;
    const both = (width: number | readonly [number, number]): readonly [number, number] =>
      typeof width === 'number' ? [width, width] : width;
    this.#edges = [both(vertical), both(horizontal)];
  }

  forward(x: Tensor): Tensor {
    if (x.rank !== 4)
      throw new ShapeError(this.type, `takes [batch, channels, height, width], not [${x.shape.join(', ')}]`);
    const { mode, value } = this.options;
    return x.pad(this.#edges, { mode, value });
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Padding in JSON. */
export const pad2dType: ModuleType = layerType('pad2d', fields, (options) => new Pad2d(options));
