/** How much a kernel computes and moves, whoever runs it and however: a rule for each kind of spec. */
import { dtypes, isFloat } from '../../dtype/dtype.ts';
import { sizeOf } from '../../shape/shape.ts';
import { contractionOf } from '../contraction/contraction.ts';
import { finishing } from '../contraction/epilogue.ts';
import type {
  Access,
  AttentionGradientSpec,
  AttentionShape,
  AttentionSpec,
  Binding,
  Conv2dSpec,
  CustomSpec,
  EncodedLayout,
  EncodedMatmulSpec,
  KernelSpec,
  MatmulSpec,
  ScanSpec,
  ScatterAddSpec,
} from '../spec.ts';
import { operationsOf, reachesOf, type Reach } from './body.ts';
import { distinctElements, type Walk } from './distinct.ts';

/** What one run comes to. */
export interface Work {
  /**
   * Floating-point operations: a product and a sum for each pair that a product or convolution multiplies (those of padding as if they
   * were there, and those with codes too), one for each other operation, and for each element that is folded. Undefined of kernels of
   * users that do not say.
   */
  readonly flops: number | undefined;
  /** Bytes that memory has to give and take at least: each element that is read or written once. */
  readonly bytes: number;
}

/** Operations, and what is reached. */
interface Told {
  readonly flops: number | undefined;
  readonly reaches: readonly Reach[];
}

type Rules = {
  readonly [Kind in KernelSpec['kind']]: (
    spec: Extract<KernelSpec, { kind: Kind }>,
    /** Bytes behind a binding. */
    bytes: readonly number[],
  ) => Told;
};

const rules: Rules = {
  loop: (spec) => ({ flops: operationsOf(spec), reaches: reachesOf(spec) }),
  matmul: ofMatmul,
  'encoded-matmul': ofEncoded,
  conv2d: ofConv2d,
  attention: ofAttention,
  'attention-gradient': ofAttentionGradient,
  scan: ofScan,
  sort: ({ rows, length }) => ({
    flops: 0,
    reaches: [whole(0, false, rows * length), whole(1, true, rows * length), whole(2, true, rows * length)],
  }),
  'scatter-add': ofScatterAdd,
  custom: ofCustom,
};

/**
 * What one run of a kernel comes to. Its limits do not count: see `limited`.
 * @param bytes behind each binding: what a gather reaches at most, and what of a sparse matrix is stored.
 */
export function kernelWork(spec: KernelSpec, bytes: readonly number[]): Work {
  const { flops, reaches } = (rules[spec.kind] as (spec: KernelSpec, bytes: readonly number[]) => Told)(spec, bytes);
  let sum = 0;
  for (const [binding, { dtype }] of spec.bindings.entries()) {
    const size = dtypes[dtype].bytes;
    const most = Math.floor((bytes[binding] as number) / size);
    for (const writes of [false, true]) sum += size * Math.min(most, elementsOf(reaches, binding, writes));
  }
  return { flops, bytes: sum };
}

/** The elements of a binding that are read, or those that are written. */
function elementsOf(reaches: readonly Reach[], binding: number, writes: boolean): number {
  const walks: Walk[] = [];
  let fetched = 0;
  for (const reach of reaches) {
    if (reach.binding !== binding || reach.writes !== writes) continue;
    if (typeof reach.at === 'number') fetched += reach.at;
    else walks.push(reach.at);
  }
  // What is fetched may be among what is walked over.
  return Math.max(fetched, distinctElements(walks));
}

const whole = (binding: number, writes: boolean, count: number): Reach => ({
  binding,
  writes,
  at: { offset: 0, sizes: [count], strides: [1] },
});

/** What becomes of finished elements, over their dimensions. */
function finished(spec: Parameters<typeof finishing>[0], outer: readonly number[]): Told & { readonly flops: number } {
  const walked = { body: finishing(spec), outer, inner: [] };
  return { flops: operationsOf(walked), reaches: reachesOf(walked) };
}

const reads = ({ binding, offset, strides }: Access, sizes: readonly number[]): Reach => ({
  binding,
  writes: false,
  at: { offset, sizes, strides },
});

function ofMatmul(spec: MatmulSpec): Told {
  const { batch, m, n, k, a, b } = spec;
  const after = finished(spec, [...batch, m, n]);
  const isNothing = sizeOf([...batch, m, n]) === 0;
  return {
    flops: 2 * contractionOf(spec).multiplyAccumulates + after.flops,
    reaches: isNothing ? [] : [reads(a, [...batch, m, k]), reads(b, [...batch, k, n]), ...after.reaches],
  };
}

/** Which array of a layout has a value for each entry that is there; undefined where every element has a code. */
const entriesIn: Readonly<Record<EncodedLayout, number | undefined>> = {
  int8: undefined,
  int4: undefined,
  'int-n': undefined,
  codebook: undefined,
  csr: 2,
  blocks: 2,
  bitmask: 2,
  'n-of-m': 1,
};

function ofEncoded(spec: EncodedMatmulSpec, bytes: readonly number[]): Told {
  const { layout, parts, m, rows, columns, walks, x } = spec;
  const [n, k] = walks === 'columns' ? [rows, columns] : [columns, rows];
  const elementsOfPart = (part: number): number =>
    Math.floor((bytes[part] as number) / dtypes[(spec.bindings[part] as Binding).dtype].bytes);
  const values = entriesIn[layout];
  const entries = values === undefined ? rows * columns : elementsOfPart(parts[values] as number);
  const after = finished(spec, [m, n]);
  return {
    flops: 2 * m * entries + after.flops,
    reaches:
      m * n === 0
        ? []
        : [reads(x, [m, k]), ...parts.map((part) => whole(part, false, elementsOfPart(part))), ...after.reaches],
  };
}

/** How many positions of an axis of an image the taps of all results see. */
function seen(size: number, made: number, taps: number, stride: number, padding: number, dilation: number): number {
  const positions = new Set<number>();
  for (let out = 0; out < made; out++)
    for (let tap = 0; tap < taps; tap++) {
      const position = out * stride + tap * dilation - padding;
      if (position >= 0 && position < size) positions.add(position);
    }
  return positions.size;
}

function ofConv2d(spec: Conv2dSpec): Told {
  const { pass, batch, groups, inChannels, outChannels, inSize, outSize, kernel, stride, padding, dilation } = spec;
  const along = (axis: 0 | 1): number =>
    seen(inSize[axis], outSize[axis], kernel[axis], stride[axis], padding[axis], dilation[axis]);
  const sizes = {
    x: [batch, inChannels, ...inSize],
    w: [outChannels, inChannels / groups, ...kernel],
    y: [batch, outChannels, ...outSize],
  };
  const made = ({ forward: 'y', input: 'x', weight: 'w' } as const)[pass];
  const after = finished({ ...spec, out: spec[made] }, sizes[made]);
  const operands = (['x', 'w', 'y'] as const).flatMap((role): Reach[] => {
    const access = spec[role];
    if (role === made || !access) return [];
    if (role === 'x') return [whole(access.binding, false, batch * inChannels * along(0) * along(1))];
    return [reads(access, sizes[role])];
  });
  return {
    flops: 2 * contractionOf(spec).multiplyAccumulates + after.flops,
    reaches: sizeOf(sizes[made]) === 0 ? [] : [...operands, ...after.reaches],
  };
}

/**
 * Of each query and key that it sees, as far as that is known before a mask is read: the products, the scale, a bias, and four for the
 * softmax (its peak, less that, exp, sum); of each query the quotients, and the logarithm and its sum.
 */
function ofAttention(spec: AttentionSpec): Told {
  const { batch, queries, size, valueSize, bias, out, logSum } = spec;
  const heads = sizeOf(batch);
  const { pairs, reaches } = scoresOf(spec);
  return {
    flops: heads * (pairs * (2 * size + 2 * valueSize + (bias ? 6 : 5)) + queries * (valueSize + 2)),
    reaches: [
      ...reaches,
      whole(out.binding, true, heads * queries * valueSize),
      whole(logSum.binding, true, heads * queries),
    ],
  };
}

/** Of each such pair five products, the scale, a bias, and five for the share and the change (two differences, exp, two factors). */
function ofAttentionGradient(spec: AttentionGradientSpec): Told {
  const { batch, queries, keys, size, valueSize, parts, bias, g, logSum, delta, dq, dk, dv } = spec;
  const heads = sizeOf(batch);
  const { pairs, reaches } = scoresOf(spec);
  return {
    flops: heads * pairs * (6 * size + 4 * valueSize + (bias ? 7 : 6)),
    reaches: [
      ...reaches,
      reads(g, [...batch, queries, valueSize]),
      reads(logSum, [...batch, queries]),
      reads(delta, [...batch, queries]),
      whole(dq.binding, true, heads * queries * size),
      whole(dk.binding, true, heads * parts * keys * size),
      whole(dv.binding, true, heads * parts * keys * valueSize),
    ],
  };
}

/** How many keys all queries of a head see, and what is read for scores and of values. */
function scoresOf({ batch, queries, keys, size, valueSize, causal, ...spec }: AttentionShape): {
  readonly pairs: number;
  readonly reaches: readonly Reach[];
} {
  let pairs = queries * keys;
  if (causal) {
    pairs = 0;
    for (let query = 0; query < queries; query++) pairs += Math.max(0, Math.min(keys, query + keys - queries + 1));
  }
  const seenOf = (access: Access): Reach => {
    const each = reads(access, [...batch, queries, keys]);
    if (!causal || access.strides.at(-1) === 0 || access.strides.at(-2) === 0) return each;
    const moved = batch.filter((_, dim) => access.strides[dim] !== 0);
    return { ...each, at: sizeOf(moved) * pairs };
  };
  const { q, k, v, mask, bias } = spec;
  return {
    pairs,
    reaches: [
      reads(q, [...batch, queries, size]),
      reads(k, [...batch, keys, size]),
      reads(v, [...batch, keys, valueSize]),
      ...[mask, bias].flatMap((access) => (access ? [seenOf(access)] : [])),
    ],
  };
}

function ofScan({ bindings, outer, length, inner }: ScanSpec): Told {
  const count = outer * length * inner;
  return {
    flops: isFloat((bindings[0] as Binding).dtype) ? count : 0,
    reaches: [whole(0, false, count), whole(1, true, count)],
  };
}

function ofScatterAdd({ bindings, outer, count, inner, length, index, source, out }: ScatterAddSpec): Told {
  const sizes = [outer, count, inner];
  return {
    flops: isFloat((bindings[source.binding] as Binding).dtype) ? sizeOf(sizes) : 0,
    reaches: [reads(index, sizes), reads(source, sizes), { ...whole(out.binding, true, outer * length * inner) }],
  };
}

function ofCustom({ inputShapes, outputShapes, multiplyAccumulates }: CustomSpec): Told {
  return {
    flops: multiplyAccumulates === undefined ? undefined : 2 * multiplyAccumulates,
    reaches: [
      ...inputShapes.map((shape, input) => whole(input, false, sizeOf(shape))),
      ...outputShapes.map((shape, output) => whole(inputShapes.length + output, true, sizeOf(shape))),
    ],
  };
}
