/**
 * Products through the dense matrix: what they are where a device has no kernel for a layout.
 *
 * In sparse formats what is not there takes no part in sums, as in kernels and in SciPy: it is not a 0 that an infinity is
 * multiplied by. The dense matrix has zeros there. So x is multiplied without what is not finite in it, and two products
 * more, of signs and of counts, say what that comes to where it meets an entry.
 */
import { isFloat } from '../dtype/dtype.ts';
import { onesLike } from '../functions/create.ts';
import { activationGroup, groupCodes, isGrouped, largestCode, largestScaled } from '../kernel/activations.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshapeFrom } from '../tensor/wrap.ts';
import { expand } from './expand.ts';
import type { EncodedProduct } from './product.ts';

/** x [m, depth] times the matrix, or its transpose: f32 [m, width]. */
export function denseProduct(x: Tensor, arrays: readonly Tensor[], product: EncodedProduct): Tensor {
  const left = roundedAs(product.activations, x);
  const right = (of: readonly Tensor[]): Tensor => {
    const dense = expand(of, product);
    return product.walks === 'columns' ? dense.t() : dense;
  };
  const dense = right(arrays);
  if (product.format.kept === undefined) return left.matmul(dense);
  const isFinite = left.isFinite();
  const finite = left.where(isFinite, 0).matmul(dense);
  const given = left.detach();
  // An element that a format of somebody's makes of several parts is there once.
  const met = counts(given, isFinite).matmul(right(onesIn(arrays, product)).sign());
  const signs = given.sign().where(given.abs().eq(Infinity), 0).matmul(dense.detach().sign());
  // Infinities of one sign make one; with an opposite one, a 0 that is there, or NaN they make NaN.
  return finite.where(met.eq(0), signs.mul(Infinity).where(signs.abs().eq(met), NaN));
}

/** An infinity counts once, and NaN twice, so that no number of signs comes to the same. */
function counts(x: Tensor, isFinite: Tensor): Tensor {
  return x.isNaN().cast('f32').add(1).where(isFinite.logicalNot(), 0);
}

/** The arrays of a matrix of which all that is there is 1. */
function onesIn(arrays: readonly Tensor[], { format, settings }: EncodedProduct): Tensor[] {
  const names = format.arrays(settings);
  return arrays.map((array, part) =>
    isFloat(array.dtype) || names[part] === format.kept ? onesLike(array.detach()) : array,
  );
}

/** The smallest positive f32. */
const smallest = 2 ** -149;

/** What is left of activations, whatever they are rounded to. */
export function roundedAs(activations: EncodedProduct['activations'], x: Tensor): Tensor {
  if (activations === 'int8') return roundedRows(x);
  if (!isGrouped(activations)) return x.cast('f32');
  const [rows, depth] = x.shape as [number, number];
  const groups = Math.ceil(depth / activationGroup);
  const whole = groups * activationGroup;
  const padded =
    whole === depth
      ? x
      : x.pad([
          [0, 0],
          [0, whole - depth],
        ]);
  const inGroups = reshapeFrom(padded.node, [rows, groups, activationGroup], [0]);
  const { node } = roundedRows(inGroups, groupCodes[activations], true);
  return reshapeFrom(node, [rows, whole], [0]).slice([], [rows, depth]);
}

/** What is left of rows that are rounded to codes up to one, or that end there, a scale a row. */
function roundedRows(x: Tensor, most: number = largestCode, ends = false): Tensor {
  const largest = x.abs().max([-1], { keepDims: true });
  const scale = largest.minimum(largestScaled).div(most);
  // A row of zeros has the scale 0, and stays one. NaN is chosen, not computed: compilers of shaders take ∞ - ∞ for 0.
  const codes = x.div(scale.maximum(smallest)).round();
  const held = ends ? codes.maximum(-most).minimum(most) : codes;
  return held.mul(scale).where(largest.isFinite(), NaN);
}
