/**
 * Random attention specs whose results are exact: biases that differ by more than exponentials of f32 reach make one key of
 * those that a query sees the only one that counts.
 */
import type { Access, AttentionSpec, Device } from '@espalier/tensor';
import fc from 'fast-check';
import { anyInteger, anyNumbers, drawContents, drawLimits, rowMajor, sizeOf, SpecCase, zeros } from './case.ts';
import { drawStrided } from './contraction.ts';

/** Of two biases of one query. */
const apart = 512;

/** Attention, causal or not, with a mask or without, and with keys that end where a length says. */
export function drawAttention(draw: fc.GeneratorValue, _device: Device): SpecCase {
  const batch = Array.from({ length: draw(anyInteger, 0, 2) }, () => draw(anyInteger, 1, 3));
  const long = draw(anyInteger, 0, 3) === 3 ? 90 : 9;
  const [queries, keys] = [draw(anyInteger, 1, long), draw(anyInteger, 1, long)];
  const [size, valueSize] = [draw(anyInteger, 1, 5), 4 * draw(anyInteger, 1, 4)];
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
  const before = 4 + masks.length;
  const bounds = drawLimits(draw, [keys], before);
  const next = before + bounds.contents.length;
  const [out, logSum] = [
    [...batch, queries, valueSize],
    [...batch, queries],
  ];
  const read = { dtype: 'f32', access: 'read' } as const;
  const write = { dtype: 'f32', access: 'write' } as const;
  const [q, k, v] = sequences.map(({ access }) => access) as [Access, Access, Access];
  const spec: AttentionSpec = {
    kind: 'attention',
    bindings: [
      read,
      read,
      read,
      read,
      ...masks.map(() => ({ ...read, dtype: 'bool' as const })),
      ...bounds.bindings,
      write,
      write,
    ],
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
    out: { binding: next, offset: 0, strides: rowMajor(out) },
    logSum: { binding: next + 1, offset: 0, strides: rowMajor(logSum) },
    ...(bounds.limits.length > 0 && {
      limits: bounds.limits.map((limit) => ({ ...limit, dim: batch.length + 1 })),
    }),
  };
  return new SpecCase(spec, [
    ...sequences.map(({ length }) => drawContents(draw, 'f32', length)),
    bias,
    ...masks,
    ...bounds.contents,
    zeros(sizeOf(out)),
    zeros(sizeOf(logSum)),
  ]);
}

/** For each query, other multiples of a large number for its keys. */
function permutations(draw: fc.GeneratorValue, queries: number, keys: number): number[] {
  const turns = draw(anyNumbers, queries, 0, keys - 1);
  return turns.flatMap((turn) => Array.from({ length: keys }, (_, key) => ((key + turn) % keys) * apart));
}
