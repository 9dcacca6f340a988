/** Products with a matrix that is stored in an encoded layout, and where they run: by a kernel, or through the dense matrix. */
import { withOwnGradient } from '../autograd/decomposition.ts';
import { differentiate } from '../autograd/gradients.ts';
import type { Device } from '../device/device.ts';
// The default device's programs for such products.
import '../devices/cpu/encoded/encoded.ts';
import type { DType } from '../dtype/dtype.ts';
import { ArgumentError } from '../errors.ts';
import { lengthsOf, showLengths } from '../graph/lengths.ts';
import { modes, withMode } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { isGrouped } from '../kernel/activations.ts';
import type { Binding, EncodedMatmulSpec, EncodedSettings } from '../kernel/spec.ts';
import type { Attributes, GradientRule, KernelOp } from '../graph/op.ts';
import { contractionOp } from '../ops/kernels/contraction-op.ts';
import { warnOnce } from '../runtime/notices.ts';
import { contiguousStrides } from '../shape/shape.ts';
import type { Layout } from '../shape/layout.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { applyKernel } from '../tensor/apply-kernel.ts';
import { denseProduct, roundedAs } from './dense-product.ts';
import { expand } from './expand.ts';
import type { MatrixShape, StoredFormat } from './format.ts';

/** A product without its operands. */
export interface EncodedProduct {
  /** Only its layout is part of the kernel. */
  readonly format: StoredFormat;
  readonly settings: EncodedSettings;
  readonly shape: MatrixShape;
  /** Which index of the matrix is summed over: see `EncodedMatmulSpec`. */
  readonly walks: 'columns' | 'rows';
  /** `codes`: x is i8. */
  readonly activations: EncodedMatmulSpec['activations'];
}

/** Sizes of what a product sums over, and of what it yields for each row of x. */
function productSizes({ shape: [rows, columns], walks }: Pick<EncodedProduct, 'shape' | 'walks'>): {
  readonly depth: number;
  readonly width: number;
} {
  return walks === 'columns' ? { depth: columns, width: rows } : { depth: rows, width: columns };
}

/**
 * The kernel of a product with x as it lies in memory, if its format has a layout; `dtypes` are those of its arrays. What tells
 * how many rows of x there are is bound behind the arrays, at `length` of its memory.
 */
function specOf(
  product: EncodedProduct,
  x: Layout,
  dtypes: readonly DType[],
  length: number | undefined,
): EncodedMatmulSpec | undefined {
  const { format, settings, shape, walks, activations } = product;
  if (format.layout === undefined) return undefined;
  const m = x.shape[0] as number;
  const behind = dtypes.length + 1;
  return {
    kind: 'encoded-matmul',
    bindings: [
      { dtype: activations === 'codes' ? 'i8' : 'f32', access: 'read' },
      ...dtypes.map((dtype): Binding => ({ dtype, access: 'read' })),
      ...(length === undefined ? [] : [{ dtype: 'i32', access: 'read' } as const]),
      { dtype: 'f32', access: 'write' },
    ],
    layout: format.layout,
    settings,
    rows: shape[0],
    columns: shape[1],
    walks,
    m,
    activations,
    x: { binding: 0, offset: x.offset, strides: x.strides },
    parts: dtypes.map((_, part) => part + 1),
    out: {
      binding: length === undefined ? behind : behind + 1,
      offset: 0,
      strides: contiguousStrides([m, productSizes(product).width]),
    },
    ...(length !== undefined && { limits: [{ dim: 0, binding: behind, offset: length }] }),
  };
}

/** Whether a device has a kernel for such a product of m rows. */
export function hasKernel(device: Device, product: EncodedProduct, m: number, dtypes: readonly DType[]): boolean {
  const shape = [m, productSizes(product).depth];
  const spec = specOf(product, { shape, strides: contiguousStrides(shape), offset: 0 }, dtypes, undefined);
  return spec !== undefined && device.accepts(spec);
}

const productOf = (attributes: Attributes): EncodedProduct => attributes as unknown as EncodedProduct;

/** Towards x that of the matrix, as if x had not been rounded, whatever is in it. */
const gradientRule: GradientRule = (g, { inputs: [x, ...arrays], attributes }) => {
  const product = productOf(attributes);
  const walks = product.walks === 'columns' ? 'rows' : 'columns';
  const towardsX =
    product.activations === 'codes' ? undefined : multiply(g, arrays, { ...product, walks, activations: 'f32' });
  return [towardsX, ...arrayGradients(g, x as Tensor, arrays, product)];
};

/** What products are without a kernel. The steps of rounding and of infinities have gradients of 0, which are not those of products. */
const decompose = withOwnGradient(throughDense, gradientRule);

/** Inputs: x [m, depth], f32, or i8 as codes; then the arrays of the matrix. */
const encodedMatmulOp: KernelOp = contractionOp({
  name: 'encodedMatmul',
  strided: [true],
  gradient: gradientRule,
  lengths: ([x]) => {
    const [m, depth] = lengthsOf(x as Node);
    if (depth)
      throw new ArgumentError(
        'matmul',
        `the last axis of ${showLengths(x as Node)} has a length, and the matrix in a format has none; multiply before upTo`,
      );
    return { result: [m, undefined], space: [m, undefined] };
  },
  contraction: specOfNode,
  decompose,
});

function specOfNode(node: Node, [x, ...others]: readonly Layout[]): EncodedMatmulSpec {
  const product = productOf(node.attributes);
  const { length } = product.format.arrays(product.settings);
  const dtypes = node.inputs.slice(1, length + 1).map(({ dtype }) => dtype);
  return specOf(product, x as Layout, dtypes, others[length]?.offset) as EncodedMatmulSpec;
}

/** The gradients towards the arrays that want one: what `expand` passes on to them of the gradient of the dense matrix. */
function arrayGradients(
  g: Tensor,
  x: Tensor,
  arrays: readonly Tensor[],
  product: EncodedProduct,
): readonly (Tensor | undefined)[] {
  const wanted = new Set(arrays.filter(({ requiresGrad }) => requiresGrad).map(({ node }) => node));
  if (wanted.size === 0) return [];
  const left = roundedAs(product.activations, x);
  const gradOutput = product.walks === 'columns' ? g.t().matmul(left) : left.t().matmul(g);
  // Tracked here even where the gradients are not to be differentiated again.
  const dense = withMode({ gradients: true }, () => expand(arrays, product));
  const found = differentiate(dense, { gradOutput, differentiable: modes.gradients }, wanted, true);
  return arrays.map(({ node }) => found.get(node));
}

/** x times the dense matrix, which is made for it: right on every device, and said once. Codes are numbers where no kernel takes them. */
function throughDense([x, ...arrays]: readonly Tensor[], attributes: Attributes): readonly [Tensor] {
  const product = productOf(attributes);
  if (product.activations === 'codes')
    return [multiply((x as Tensor).cast('f32'), arrays, { ...product, activations: 'f32' })];
  // Whatever has a kernel for numbers has one for what they are rounded to.
  if (isGrouped(product.activations))
    return [multiply(roundedAs(product.activations, x as Tensor), arrays, { ...product, activations: 'f32' })];
  const { device } = x as Tensor;
  warnOnce(
    device,
    `matmul: the ${device.name} device has no kernel for such a product with a matrix in ${product.format.name}, and makes the dense matrix for each; keep its toDense() where there is memory for it, or take a format or a device with a kernel (hasKernel() tells)`,
  );
  return [denseProduct(x as Tensor, arrays, product)];
}

/**
 * x [m, depth], i8 for codes and else f32, times the matrix, or its transpose, as `product.walks` says: f32 [m, width]. By a kernel where the device
 * has one, else through the dense matrix.
 */
export function multiply(x: Tensor, arrays: readonly Tensor[], product: EncodedProduct): Tensor {
  const [inputs, attributes] = [[x, ...arrays], { ...product }];
  if (product.format.layout === undefined) return decompose(inputs, attributes)[0] as Tensor;
  const shape = [x.shape[0] as number, productSizes(product).width];
  const [result] = applyKernel(encodedMatmulOp, inputs, attributes, [{ shape, dtype: 'f32' }]);
  return result as Tensor;
}
