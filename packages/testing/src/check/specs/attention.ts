/**
 * Random attention specs whose results are exact: biases that differ by more than exponentials of f32 reach make one key of
 * those that a query sees the only one that counts. Some numbers are not finite: what a query does not see takes no part.
 */
import type { Access, AttentionGradientSpec, AttentionShape, AttentionSpec, Binding, Device } from '@espalier/tensor';
import fc from 'fast-check';
import { anyInteger, anyNumbers, drawContents, drawLimits, rowMajor, sizeOf, SpecCase, zeros } from './case.ts';
import { drawStrided } from './contraction.ts';

const read: Binding = { dtype: 'f32', access: 'read' };
const write: Binding = { dtype: 'f32', access: 'write' };

/** Of two biases of one query. */
const apart = 512;

/** Attention, causal or not, with a mask or without, and with keys that end where a length says. */
export function drawAttention(draw: fc.GeneratorValue, _device: Device): SpecCase {
  const { shape, contents: finite, keys } = drawShape(draw);
  const contents = withOthers(draw, finite, [anyOther, anyOther, [Number.NaN], anyOther]);
  const { batch, queries, valueSize } = shape;
  const bounds = drawLimits(draw, [keys], contents.length);
  const next = contents.length + bounds.contents.length;
  const [out, logSum] = [
    [...batch, queries, valueSize],
    [...batch, queries],
  ];
  const spec: AttentionSpec = {
    kind: 'attention',
    ...shape,
    bindings: [...shape.bindings, ...bounds.bindings, write, write],
    out: { binding: next, offset: 0, strides: rowMajor(out) },
    logSum: { binding: next + 1, offset: 0, strides: rowMajor(logSum) },
    ...(bounds.limits.length > 0 && { limits: bounds.limits.map((limit) => ({ ...limit, dim: batch.length + 1 })) }),
  };
  return new SpecCase(spec, [...contents, ...bounds.contents, zeros(sizeOf(out)), zeros(sizeOf(logSum))]);
}

/**
 * The gradients of such attention, in one or several parts. Logarithms of sums are the largest score there is, or larger,
 * so that shares are 1 or 0.
 */
export function drawAttentionGradient(draw: fc.GeneratorValue, _device: Device): SpecCase {
  const { shape, contents: finite } = drawShape(draw, 4);
  const isFinite = draw(fc.boolean);
  const others = (values: readonly (readonly number[])[], of: readonly Others[]): readonly (readonly number[])[] =>
    isFinite ? values : withOthers(draw, values, of);
  // A query that sees what is NaN has no logarithm of -∞.
  const [ofBias, ofLogSum] = draw(fc.boolean) ? [[Number.NaN, lowest], [Number.NaN]] : [[lowest], [Number.NaN, lowest]];
  const contents = others(finite, [[Number.NaN], [Number.NaN], [Number.NaN], ofBias]);
  const { batch, queries, keys, size, valueSize } = shape;
  const parts = draw(anyInteger, 1, 2);
  const rows = sizeOf([...batch, queries]);
  const g = drawStrided(draw, contents.length, [...batch, queries, valueSize]);
  const next = contents.length + 3;
  const results = [
    [...batch, queries, size],
    [...batch, parts, keys, size],
    [...batch, parts, keys, valueSize],
  ];
  const access = (binding: number, sizes: readonly number[]): Access => ({
    binding,
    offset: 0,
    strides: rowMajor(sizes),
  });
  const [dq, dk, dv] = results.map((sizes, at) => access(next + at, sizes)) as [Access, Access, Access];
  const spec: AttentionGradientSpec = {
    kind: 'attention-gradient',
    ...shape,
    // Products of queries and keys are nothing beside a bias, and changes stay exact.
    scale: 2 ** -60,
    parts,
    bindings: [...shape.bindings, read, read, read, write, write, write],
    g: g.access,
    logSum: access(next - 2, [...batch, queries]),
    delta: access(next - 1, [...batch, queries]),
    dq,
    dk,
    dv,
  };
  const logSums = draw(anyNumbers, rows, keys - 1, keys).map((key) => key * apart);
  return new SpecCase(spec, [
    ...contents,
    ...others(
      [drawContents(draw, 'f32', g.length), logSums, draw(anyNumbers, rows, -3, 3)],
      [[Number.NaN], ofLogSum, [Number.NaN]],
    ),
    ...results.map((sizes) => zeros(sizeOf(sizes))),
  ]);
}

/** What is not finite, of which a binding may hold some. */
type Others = readonly number[];
const lowest = Number.NEGATIVE_INFINITY;
const anyOther: Others = [Number.NaN, Number.POSITIVE_INFINITY, lowest];

/**
 * Some of the numbers of bindings become others. Infinities are not among them where a share too small for f32 weighs them: of that
 * 0 they are NaN, and doubles have it.
 */
function withOthers(
  draw: fc.GeneratorValue,
  contents: readonly (readonly number[])[],
  others: readonly Others[],
): readonly (readonly number[])[] {
  return contents.map((values, binding) => {
    const own = others[binding];
    if (!own || values.length === 0 || draw(anyInteger, 0, 2) > 0) return values;
    const changed = [...values];
    for (let count = draw(anyInteger, 1, 3); count > 0; count--)
      changed[draw(anyInteger, 0, values.length - 1)] = own[draw(anyInteger, 0, own.length - 1)] as number;
    return changed;
  });
}

/** Sizes, what attention reads, and who sees whom; sizes are multiples of `unit`. */
function drawShape(
  draw: fc.GeneratorValue,
  unit = 1,
): { readonly shape: AttentionShape; readonly contents: readonly (readonly number[])[]; readonly keys: number } {
  const batch = Array.from({ length: draw(anyInteger, 0, 2) }, () => draw(anyInteger, 1, 3));
  const long = draw(anyInteger, 0, 3) === 3 ? 90 : 9;
  const [queries, keys] = [draw(anyInteger, 1, long), draw(anyInteger, 1, long)];
  const [size, valueSize] = [unit * draw(anyInteger, 1, 5), 4 * draw(anyInteger, 1, 4)];
  const sequences = [
    drawStrided(draw, 0, [...batch, queries, size]),
    drawStrided(draw, 1, [...batch, keys, size]),
    drawStrided(draw, 2, [...batch, keys, valueSize]),
  ];
  const pairs = [queries, keys];
  const bias = permutations(draw, queries, keys);
  const masks = draw(fc.boolean) ? [draw(anyNumbers, sizeOf(pairs), 0, 1)] : [];
  const overPairs = (binding: number): Access => ({
    binding,
    offset: 0,
    strides: [...batch.map(() => 0), ...rowMajor(pairs)],
  });
  const [q, k, v] = sequences.map(({ access }) => access) as [Access, Access, Access];
  const shape: AttentionShape = {
    bindings: [read, read, read, read, ...masks.map((): Binding => ({ dtype: 'bool', access: 'read' }))],
    batch,
    queries,
    keys,
    size,
    valueSize,
    scale: 1,
    causal: draw(fc.boolean),
    q,
    k,
    v,
    bias: overPairs(3),
    ...(masks.length > 0 && { mask: overPairs(4) }),
  };
  return {
    shape,
    contents: [...sequences.map(({ length }) => drawContents(draw, 'f32', length)), bias, ...masks],
    keys,
  };
}

/** For each query, other multiples of a large number for its keys. */
function permutations(draw: fc.GeneratorValue, queries: number, keys: number): number[] {
  const turns = draw(anyNumbers, queries, 0, keys - 1);
  return turns.flatMap((turn) => Array.from({ length: keys }, (_, key) => ((key + turn) % keys) * apart));
}
