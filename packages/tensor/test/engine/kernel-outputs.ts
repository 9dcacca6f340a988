/**
 * Programs of kernels with several outputs, of which only some are asked for, and with memory that they work in, beside live
 * tensors that must not change.
 */
import { compile, concat, defineKernel, fromTyped, scope, tensor, type Device, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Output j of `sizes[j]` elements holds x[i mod n] + j. */
const spread = defineKernel({
  name: 'spread',
  inputs: 1,
  outputs: (_, { sizes }) => sizesOf(sizes).map((size) => ({ shape: [size], dtype: 'f32' })),
  reference: (_, [x], outputs) => {
    for (const [j, output] of outputs.entries())
      for (const i of output.keys()) output[i] = spreadAt(x as Float64Array, i, j);
  },
  wgsl: ({ inputs: [x], attributes: { sizes } }) => ({
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
${sizesOf(sizes)
  .map((_, j) => `@group(0) @binding(${j + 1}) var<storage, read_write> y${j}: array<f32>;`)
  .join('\n')}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let value = x[id.x % ${x?.shape[0]}u];
${sizesOf(sizes)
  .map((size, j) => `  if (id.x < ${size}u) { y${j}[id.x] = value + ${j}.0; }`)
  .join('\n')}
}`,
    workgroups: [Math.ceil(Math.max(...sizesOf(sizes)) / 64), 1, 1],
  }),
});

/**
 * Fills every byte of the pieces that it works in, looks whether all are still as they were filled, and adds to x how many
 * are not.
 */
const work = defineKernel({
  name: 'work',
  inputs: 1,
  outputs: ([x]) => (x ? [x] : []),
  scratch: ({ attributes: { words } }) => sizesOf(words).map((count) => 4 * count),
  reference: (_, [x], [y], scratch) => {
    const spoilt = spoiltWords(scratch);
    x?.forEach((value, i) => y?.fill(value + spoilt, i, i + 1));
  },
  wgsl: ({ inputs: [x], attributes: { words } }) => ({
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
${sizesOf(words)
  .map((_, j) => `@group(0) @binding(${j + 2}) var<storage, read_write> piece${j}: array<u32>;`)
  .join('\n')}
@compute @workgroup_size(1)
fn main() {
  var spoilt = 0.0;
${sizesOf(words)
  .map((count, j) => `  for (var i = 0u; i < ${count}u; i++) { piece${j}[i] = i * 8u + ${j}u; }`)
  .join('\n')}
${sizesOf(words)
  .map((count, j) => `  for (var i = 0u; i < ${count}u; i++) { spoilt += f32(piece${j}[i] != i * 8u + ${j}u); }`)
  .join('\n')}
  for (var i = 0u; i < ${x?.shape[0]}u; i++) { y[i] = x[i] + spoilt; }
}`,
    workgroups: [1, 1, 1],
  }),
});

function spoiltWords(scratch: readonly Uint8Array[]): number {
  const pieces = scratch.map(
    ({ buffer, byteOffset, byteLength }) => new Uint32Array(buffer, byteOffset, byteLength / 4),
  );
  for (const [j, piece] of pieces.entries()) for (const i of piece.keys()) piece[i] = i * 8 + j;
  return pieces.reduce((sum, piece, j) => sum + piece.filter((word, i) => word !== i * 8 + j).length, 0);
}

const sizesOf = (text: unknown): number[] => String(text).split(',').map(Number);
const spreadAt = (x: ArrayLike<number>, i: number, j: number): number => (x[i % x.length] as number) + j;

/** One kernel on the input, and which of its outputs is read. */
type Use =
  | { readonly kind: 'spread'; readonly sizes: readonly number[]; readonly output: number }
  | { readonly kind: 'work'; readonly words: readonly number[] }
  | { readonly kind: 'sort'; readonly output: 'values' | 'indices' }
  | { readonly kind: 'topK'; readonly k: number; readonly output: 'values' | 'indices' };

const rowLength = 300;
const one = fc.constantFrom('values', 'indices');
const anyUse: fc.Arbitrary<Use> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom(1, 4, 100, 4096), { minLength: 1, maxLength: 4 }).chain((sizes) =>
      fc.record({
        kind: fc.constant('spread'),
        sizes: fc.constant(sizes),
        output: fc.nat({ max: sizes.length - 1 }),
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('work'),
      words: fc.array(fc.constantFrom(0, 1, 3, 25, 300, 2048), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sort'), output: one }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('topK'), k: fc.integer({ min: 1, max: rowLength }), output: one }),
  },
);

/** Uses of kernels on one row of numbers, all different. */
export const programs: fc.Arbitrary<{ readonly row: readonly number[]; readonly uses: readonly Use[] }> = fc.record({
  row: fc.shuffledSubarray([...Array.from({ length: rowLength }).keys()], { minLength: rowLength }),
  uses: fc.array(anyUse, { minLength: 2, maxLength: 5 }),
});

function build(x: Tensor, use: Use): Tensor {
  if (use.kind === 'spread') return spread([x], { sizes: use.sizes.join() })[use.output] as Tensor;
  if (use.kind === 'work') return work([x], { words: use.words.join() })[0] as Tensor;
  return (use.kind === 'sort' ? x.sort(0) : x.topK(use.k, 0))[use.output];
}

function expected(row: readonly number[], use: Use): number[] {
  if (use.kind === 'spread')
    return Array.from({ length: use.sizes[use.output] as number }, (_, i) => spreadAt(row, i, use.output));
  if (use.kind === 'work') return [...row];
  const order = [...row.keys()].toSorted((a, b) => (row[a] as number) - (row[b] as number));
  const chosen = use.kind === 'sort' ? order : order.toReversed().slice(0, use.k);
  return use.output === 'indices' ? chosen : chosen.map((position) => row[position] as number);
}

/** Runs a program among 200 live tensors of many sizes, with holes between them, and looks at every number afterwards. */
export async function leavesOthersAlone(
  device: Device,
  { row, uses }: { readonly row: readonly number[]; readonly uses: readonly Use[] },
): Promise<void> {
  const [guards, holes] = [0, 1].map((half) =>
    Array.from({ length: 200 }, (_, i) => {
      const size = 80 + ((i * 2 + half) % 7) * 40;
      return fromTyped(new Float32Array(size).fill(i), [size], { device }).add(0).realizeSync();
    }),
  ) as [Tensor[], Tensor[]];
  for (const hole of holes) hole.dispose();
  const results = scope(() => {
    const x = tensor(row, { device });
    // Lazily and compiled: each time all kernels stand in one plan.
    const joined = concat(uses.map((use) => build(x, use).cast('f32')));
    const step = compile(() => uses.map((use) => build(x, use)));
    const separate = step();
    step.dispose();
    return [joined.realizeSync(), ...separate];
  });
  const numbers = uses.map((use) => expected(row, use));
  for (const [position, result] of results.entries())
    expect(Array.from(await result.data())).toEqual(position === 0 ? numbers.flat() : numbers[position - 1]);
  for (const [i, guard] of guards.entries()) expect((await guard.data()).every((value) => value === i)).toBe(true);
  for (const used of [...guards, ...results]) used.dispose();
}
