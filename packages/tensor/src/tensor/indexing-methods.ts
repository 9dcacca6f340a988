/**
 * Reading and adding at indices, running folds, and sorting. An index outside its axis is a ShapeError where its value is in
 * JavaScript memory; where a device computes it, it reads 0 and adds nothing, unless `configure({ checkIndices: true })`
 * has every index checked.
 */
import { aBoolean, aCount, check, checkOptions, type OptionRules } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { ShapeError } from '../errors.ts';
import { indexNode, outputNode, shapedNode } from '../graph/build.ts';
import { gatherOp, takeOp } from '../ops/indexed/take.ts';
import { cumprodOp, cumsumOp, sortOp } from '../ops/kernels/ordering.ts';
import { scatterAddOp, type ScatterAttributes } from '../ops/kernels/scatter-add.ts';
import { checkIndexNode } from '../runtime/index-checks.ts';
import { checkShape, normalizeAxis, sameShape, showShape, type Shape } from '../shape/shape.ts';
import { ContractionMethods } from './contraction-methods.ts';
import { ofNothing } from './empty.ts';
import type { Tensor } from './tensor.ts';
import { accumulationDType, castNode, wrap } from './wrap.ts';

/** Values in order, and where each came from. */
export interface Sorted {
  readonly values: Tensor;
  /** i32 positions along the sorted axis. */
  readonly indices: Tensor;
}

/** Options of sorting. */
interface SortOptions {
  readonly descending?: boolean;
}

/** Options of choosing the best. */
interface TopKOptions {
  readonly largest?: boolean;
}

const sortOptions: OptionRules<SortOptions> = { descending: aBoolean };
const topKOptions: OptionRules<TopKOptions> = { largest: aBoolean };

/** Adds indexing to a tensor. */
export abstract class IndexingMethods extends ContractionMethods {
  /** Whole slices at `indices` along `axis`: [...before, ...indices.shape, ...after]. An embedding lookup for axis 0. */
  take(indices: Tensor, axis = 0): Tensor {
    check('take', 'indices', indices, aTensor);
    const along = normalizeAxis('take', axis, this.rank);
    const shape = [...this.shape.slice(0, along), ...indices.shape, ...this.shape.slice(along + 1)];
    const operand = indexOperand('take', indices, this.shape[along] as number);
    if (this.size === 0) return ofNothing(this.filled(shape, 0), [wrap(this.node)]);
    return wrap(shapedNode(takeOp, [this.node, operand.node], { axis: along }, shape, this.dtype));
  }

  /** Single elements: result[..., i, ...] = this[..., index[..., i, ...], ...]; `index` may be shorter along the other axes. */
  gather(axis: number, index: Tensor): Tensor {
    check('gather', 'index', index, aTensor);
    const along = normalizeAxis('gather', axis, this.rank);
    checkIndexShape('gather', this.shape, index.shape, along);
    const operand = indexOperand('gather', index, this.shape[along] as number);
    if (this.size === 0) return ofNothing(this.filled(index.shape, 0), [wrap(this.node)]);
    return wrap(shapedNode(gatherOp, [this.node, operand.node], { axis: along }, index.shape, this.dtype));
  }

  /**
   * This tensor with `source` added at `index` along `axis`; several additions to one element all count, in order.
   * @throws {ShapeError} unless `index` and `source` are of one shape that fits, and for an index that is known to be
   * outside.
   */
  scatterAdd(axis: number, index: Tensor, source: Tensor): Tensor {
    check('scatterAdd', 'index', index, aTensor);
    check('scatterAdd', 'source', source, aTensor);
    const along = normalizeAxis('scatterAdd', axis, this.rank);
    if (!sameShape(index.shape, source.shape))
      throw new ShapeError(
        'scatterAdd',
        `index ${showShape(index.shape)} and source ${showShape(source.shape)} differ; give one index per value`,
      );
    return this.add(source.scatterInto(index, along, this.shape));
  }

  /** Zeros of `shape` with this tensor's elements added at `index` along `axis`: the adjoint of `gather`. */
  scatterInto(index: Tensor, axis: number, shape: Shape): Tensor {
    check('scatterAdd', 'index', index, aTensor);
    checkShape('scatterAdd', shape);
    const along = normalizeAxis('scatterAdd', axis, shape.length);
    checkIndexShape('scatterAdd', shape, index.shape, along);
    // The kernel wants equal sizes off the axis: indices that stop short leave the rest untouched.
    const padded = (tensor: Tensor, value: number): Tensor =>
      tensor.pad(
        shape.map((size, a): [number, number] => [0, a === along ? 0 : size - (index.shape[a] as number)]),
        value,
      );
    return scatter(
      padded(wrap(this.node), 0),
      padded(indexOperand('scatterAdd', index, shape[along] as number), -1),
      { axis: along, length: shape[along] as number, mode: 'elements' },
      shape,
    );
  }

  /**
   * Zeros of `shape` with this tensor's slices added at `indices` along `axis`: the adjoint of `take`.
   * @throws {ShapeError} where the shapes do not fit, and for an index that is known to be outside.
   */
  scatterSlices(indices: Tensor, axis: number, shape: Shape): Tensor {
    check('scatterAdd', 'indices', indices, aTensor);
    checkShape('scatterAdd', shape);
    const along = normalizeAxis('scatterAdd', axis, shape.length);
    const expected = [...shape.slice(0, along), ...indices.shape, ...shape.slice(along + 1)];
    if (!sameShape(this.shape, expected))
      throw new ShapeError(
        'scatterAdd',
        `slices ${showShape(this.shape)} at indices ${showShape(indices.shape)} do not fit ${showShape(shape)}; they must be ${showShape(expected)}`,
      );
    return scatter(
      wrap(this.node),
      indexOperand('scatterAdd', indices, shape[along] as number),
      { axis: along, length: shape[along] as number, mode: 'slices' },
      shape,
    );
  }

  /** 1 at each index along a new last axis of `classes`, 0 elsewhere, as f32. An index outside is a ShapeError where it is
   * known, else a row of zeros. */
  oneHot(classes: number): Tensor {
    check('oneHot', 'classes', classes, aCount);
    const indices = indexOperand('oneHot', wrap(this.node), classes);
    return indices
      .unsqueeze(-1)
      .eq(wrap(indexNode(classes, 'i32', this.device)))
      .cast('f32');
  }

  /** Running sums along an axis; small integers and bool are counted in 32 bits. */
  cumsum(axis: number): Tensor {
    return scan(this, cumsumOp, axis);
  }

  /** Running products along an axis; small integers and bool are multiplied in 32 bits. */
  cumprod(axis: number): Tensor {
    return scan(this, cumprodOp, axis);
  }

  /** Elements in order along an axis, stably; NaN counts as larger than everything. */
  sort(axis = -1, options: SortOptions = {}): Sorted {
    const { descending = false } = checkOptions('sort', options, sortOptions);
    const along = normalizeAxis('sort', axis, this.rank);
    const last = this.rank - 1;
    const rows = this.transpose(along, last);
    const kernel = shapedNode(sortOp, [rows.node], { descending }, rows.shape, this.dtype);
    return {
      values: wrap(outputNode(kernel, 0, rows.shape, this.dtype)).transpose(along, last),
      indices: wrap(outputNode(kernel, 1, rows.shape, 'i32')).transpose(along, last),
    };
  }

  /** i32 positions that put an axis in order. */
  argsort(axis = -1, options: SortOptions = {}): Tensor {
    return this.sort(axis, options).indices;
  }

  /**
   * The `k` largest (or smallest) elements along an axis, best first.
   * @throws {ShapeError} if there are fewer.
   */
  topK(k: number, axis = -1, options: TopKOptions = {}): Sorted {
    const { largest = true } = checkOptions('topK', options, topKOptions);
    const along = normalizeAxis('topK', axis, this.rank);
    check('topK', 'k', k, aCount);
    if (k > (this.shape[along] as number))
      throw new ShapeError(
        'topK',
        `k is ${k}, but axis ${axis} of ${showShape(this.shape)} has ${this.shape[along]} elements`,
      );
    const { values, indices } = this.sort(along, { descending: largest });
    return { values: values.narrow(along, 0, k), indices: indices.narrow(along, 0, k) };
  }
}

/**
 * An index tensor as i32.
 * @throws {DTypeError} for floats and bool.
 * @throws {ShapeError} for indices that are known to be outside.
 */
function indexOperand(operation: string, index: Tensor, size: number): Tensor {
  checkIndexNode(index.node, { operation, size });
  return wrap(castNode(index.node, 'i32'));
}

function checkIndexShape(operation: string, shape: Shape, index: Shape, axis: number): void {
  if (index.length !== shape.length || index.some((size, a) => a !== axis && size > (shape[a] as number)))
    throw new ShapeError(
      operation,
      `index ${showShape(index)} does not fit ${showShape(shape)}; it needs the same rank and may be larger along axis ${axis} only`,
    );
}

function scatter(source: Tensor, index: Tensor, attributes: ScatterAttributes, shape: Shape): Tensor {
  return wrap(shapedNode(scatterAddOp, [source.node, index.node], { ...attributes }, shape, source.dtype));
}

function scan(tensor: IndexingMethods, op: typeof cumsumOp, axis: number): Tensor {
  const along = normalizeAxis(op.name, axis, tensor.rank);
  const input = castNode(tensor.node, accumulationDType(tensor.dtype));
  return wrap(shapedNode(op, [input], { axis: along }, tensor.shape, input.dtype));
}
