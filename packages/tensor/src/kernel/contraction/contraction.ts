/**
 * The one contract of products and convolutions, whatever their factors are stored as: operands, sizes, epilogue, what they
 * mean as a loop, and how much they multiply. What runs, plans, counts or shows contractions asks for this.
 */
import type {
  Access,
  ContractionSpec,
  Conv2dSpec,
  EncodedLayout,
  EncodedMatmulSpec,
  KernelSpec,
  LoopInstruction,
  LoopSpec,
  MatmulSpec,
} from '../spec.ts';
import { conv2dLoop } from './conv2d-loop.ts';
import { matmulLoop } from './matmul-loop.ts';

/** A factor: numbers one after another, or the arrays of a matrix in a layout, at these bindings. */
export type ContractionOperand =
  | { readonly kind: 'dense'; readonly access: Access }
  | { readonly kind: 'encoded'; readonly layout: EncodedLayout; readonly parts: readonly number[] };

/**
 * out[b, i, j] = Σ_p left[b, i, p] · right[b, p, j] for each index b of `batch`, i < m and j < n, over p < k. Of convolutions
 * the batch are the groups, and
 *
 *   pass      rows i                columns j              sum over p
 *   forward   output channels       images x out pixels    in channels x taps
 *   input     input channels        images x in pixels     out channels x taps
 *   weight    output channels       in channels x taps     images x out pixels
 */
export interface Contraction {
  readonly operands: readonly [left: ContractionOperand, right: ContractionOperand];
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** What is done with each element, where it is more than storing it. */
  readonly epilogue: readonly LoopInstruction[] | undefined;
  /** The products that are added up; those of sparse factors as if nothing were left out. */
  readonly multiplyAccumulates: number;
  /**
   * The same as a loop, which every device runs. Absent for encoded factors: a loop cannot find the entries of a sparse row,
   * and their ops decompose into tensor operations instead.
   */
  readonly loop?: () => LoopSpec;
}

const dense = (access: Access): ContractionOperand => ({ kind: 'dense', access });

function ofMatmul(spec: MatmulSpec): Contraction {
  const { batch, m, n, k, a, b, epilogue } = spec;
  return {
    operands: [dense(a), dense(b)],
    batch,
    m,
    n,
    k,
    epilogue,
    multiplyAccumulates: batch.reduce((product, size) => product * size, m * n * k),
    loop: () => matmulLoop(spec),
  };
}

function ofEncoded({ x, layout, parts, m, rows, columns, walks, epilogue }: EncodedMatmulSpec): Contraction {
  const [n, k] = walks === 'columns' ? [rows, columns] : [columns, rows];
  return {
    operands: [dense(x), { kind: 'encoded', layout, parts }],
    batch: [],
    m,
    n,
    k,
    epilogue,
    multiplyAccumulates: m * n * k,
  };
}

function ofConv2d(spec: Conv2dSpec): Contraction {
  const { pass, batch, groups, x, w, epilogue } = spec;
  const y = dense(spec.y ?? x);
  const [inputs, outputs] = [spec.inChannels / groups, spec.outChannels / groups];
  const area = ([height, width]: readonly [number, number]): number => height * width;
  const [taps, inPixels, outPixels] = [area(spec.kernel), area(spec.inSize), area(spec.outSize)];
  const sizes = {
    forward: { m: outputs, n: batch * outPixels, k: inputs * taps, operands: [dense(w), dense(x)] },
    input: { m: inputs, n: batch * inPixels, k: outputs * taps, operands: [dense(w), y] },
    weight: { m: outputs, n: inputs * taps, k: batch * outPixels, operands: [y, dense(x)] },
  } as const;
  return {
    ...sizes[pass],
    batch: [groups],
    epilogue,
    // Every pass multiplies the same pairs: what a tap sees outside of the image is counted as if it were there.
    multiplyAccumulates: groups * outputs * batch * outPixels * inputs * taps,
    loop: () => conv2dLoop(spec),
  };
}

const rules: {
  readonly [Kind in ContractionSpec['kind']]: (spec: Extract<ContractionSpec, { kind: Kind }>) => Contraction;
} = { matmul: ofMatmul, 'encoded-matmul': ofEncoded, conv2d: ofConv2d };

/** What a spec is as a contraction. */
export function contractionOf(spec: ContractionSpec): Contraction {
  return (rules[spec.kind] as (spec: ContractionSpec) => Contraction)(spec);
}

/** Whether a spec is a contraction. */
export function isContraction(spec: KernelSpec): spec is ContractionSpec {
  return Object.hasOwn(rules, spec.kind);
}
