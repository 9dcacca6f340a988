/** Matrix products: picks between the blocked product and generated loops, and walks the batch. */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import { matmulLoop } from '../../../kernel/contraction/matmul-loop.ts';
import type { Access, Binding, MatmulSpec } from '../../../kernel/spec.ts';
import { loopCalls, type Calls, type Engine } from '../engine.ts';
import { procedureCalls } from '../procedure-calls.ts';
import { widenedCalls } from '../widen.ts';
import { gemmKernels, packDense, planGemm } from './gemm.ts';
import type { LiveEngine } from '../program/live-engine.ts';
import { placesOf, sizesNow, type Places } from './places.ts';
import { sumOfBlocks, wideBytes, type Blocks } from './wide-sums.ts';

/** Whether the spec is computed in f32 and has no epilogue; others are decomposed by the planner. */
export function acceptsMatmul(spec: MatmulSpec): boolean {
  return (
    spec.out !== undefined &&
    spec.epilogue === undefined &&
    [spec.a, spec.b, spec.out].every(({ binding }) => dtypes[spec.bindings[binding]?.dtype ?? 'f64'].compute === 'f32')
  );
}

/** Scaled rows that add up in f32 before their sum goes to a wide one. */
const scaledBlock = 512;

/** Below this many rows or columns packing costs more than it saves. */
const thin = 3;

/** The calls of a product. */
export function matmulCalls(spec: MatmulSpec, engine: Engine): Calls {
  if (!spec.limits) return wholeProduct(spec, engine);
  const merged = mergeBatch(spec);
  reserveForAll(merged, engine);
  const bindings = spec.bindings.map((_, binding) => binding);
  const parameters = { spec: merged, memory: engine.memory.limits };
  return procedureCalls(engine, 'limited-matmul', parameters, 1, bindings);
}

/** Asks for the workspace of whatever a product of those sizes or less may call. */
function reserveForAll(spec: MatmulSpec, engine: Engine): void {
  thinCalls(spec, engine);
  thinCalls(transposed(spec), engine);
  if (spec.k > 0) blockedCalls(spec, engine);
}

/**
 * A product whose sizes are known when it runs: what suits those, made when they first ask for it, and for all sizes. Where no
 * kernel does, a loop reads the lengths by itself.
 */
export function limitedProduct(spec: MatmulSpec, engine: LiveEngine): Calls {
  const rank = spec.batch.length;
  const sizes = sizesNow(spec, engine);
  const isFloat = spec.bindings.every(({ dtype }, binding) => dtype === 'f32' || isLength(spec, binding));
  const loop = once(() => loopCalls(matmulLoop(spec), engine));
  const rows = once(() => thinCalls(spec, engine) ?? loop());
  const columns = once(() => thinCalls(transposed(spec), engine) ?? loop());
  const blocks = once(() => blockedCalls(spec, engine) ?? loop());
  return () => {
    const now = sizes();
    for (let dim = 0; dim < rank + 2; dim++) if (now[dim] === 0) return;
    if (!isFloat || now[rank + 2] === 0) loop()();
    else if ((now[rank] as number) < thin) rows()();
    else if ((now[rank + 1] as number) < thin) columns()();
    else blocks()();
  };
}

function isLength({ a, b, out }: MatmulSpec, binding: number): boolean {
  return binding !== a.binding && binding !== b.binding && binding !== out?.binding;
}

/** Calls that are looked for when they are first asked for. */
function once(make: () => Calls): () => Calls {
  let made: Calls | undefined;
  return () => (made ??= make());
}

function wholeProduct(spec: MatmulSpec, engine: Engine): Calls {
  const merged = mergeBatch(spec);
  if (merged.m < thin || merged.n < thin || merged.k === 0) return thinProduct(merged, engine);
  if (spec.bindings.some((binding) => binding.dtype !== 'f32')) return widenedMatmul(merged, engine);
  return blockedCalls(merged, engine) ?? loopCalls(matmulLoop(merged), engine);
}

function blockedCalls(spec: MatmulSpec, engine: Engine): Calls | undefined {
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (out.strides[rank + 1] === 1) return blockedProduct(spec, engine);
  // (a·b)ᵀ = bᵀ·aᵀ: an output whose rows are adjacent is the transposed product's.
  return out.strides[rank] === 1 ? blockedProduct(transposed(spec), engine) : undefined;
}

/** Few rows or columns: scaled rows or dot products where the matrix has contiguous rows or columns, else generated loops. */
function thinProduct(spec: MatmulSpec, engine: Engine): Calls {
  const isFloat = spec.bindings.every((binding) => binding.dtype === 'f32');
  const oriented = spec.m < thin ? spec : transposed(spec);
  return (isFloat ? thinCalls(oriented, engine) : undefined) ?? loopCalls(matmulLoop(spec), engine);
}

/** Row by row of a. */
function thinCalls(spec: MatmulSpec, engine: Engine): Calls | undefined {
  const { n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (b.strides[rank + 1] === 1 && out.strides[rank + 1] === 1 && n >= 16) return scaledProduct(spec, engine);
  if (b.strides[rank] === 1 && a.strides[rank + 1] === 1 && k >= 16) return dotProduct(spec, engine);
  return undefined;
}

/** Where the rows of a and of the result are, and the matrix that each meets. */
function rowPlaces(spec: MatmulSpec): Places {
  const { a, b, batch } = spec;
  const rank = batch.length;
  return placesOf(spec, rank + 1, [a, { ...b, strides: [...b.strides.slice(0, rank), 0] }, spec.out as Access]);
}

/** Each row of a times a matrix whose columns are contiguous: one dot product an element. */
function dotProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { a, b } = spec;
  const out = spec.out as Access;
  const { dotRows } = gemmKernels(engine);
  const rank = spec.batch.length;
  const sizes = sizesNow(spec, engine);
  const { count, offsets, isThere } = rowPlaces(spec);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const [columnStep, outStep] = [(b.strides[rank + 1] ?? 0) * 4, (out.strides[rank + 1] ?? 0) * 4];
  return () => {
    const now = sizes();
    const [n, k] = [now[rank + 1] as number, now[rank + 2] as number];
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      if (!isThere(i, now)) continue;
      const [x, w] = [aBase + (aOffsets[i] as number), bBase + (bOffsets[i] as number)];
      engine.serve(i, 1, () => dotRows(x, w, outBase + (outOffsets[i] as number), n, k, columnStep, outStep));
    }
  };
}

/** Each row of a times a matrix whose rows are contiguous: a sum of scaled rows. */
function scaledProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const kernels = gemmKernels(engine);
  const { scaledRows } = kernels;
  const blocksIn = (k: number): Blocks => ({ count: Math.ceil(k / scaledBlock), together: 1 });
  engine.reserve(wideBytes(blocksIn(spec.k), spec.n), 'matmul');
  const sizes = sizesNow(spec, engine);
  const { count, offsets, isThere } = rowPlaces(spec);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const [xStep, rowStep] = [(a.strides[rank + 1] ?? 0) * 4, (b.strides[rank] ?? 0) * 4];
  /** A row whose sum is made of several blocks. */
  const inBlocks = (x: number, rows: number, c: number, n: number, k: number): void => {
    const sums = { c, wide: engine.workspace, rows: 1, columns: n, rowStep: 0 };
    sumOfBlocks(kernels, sums, blocksIn(k), (block) => {
      const p = block * scaledBlock;
      scaledRows(x + p * xStep, rows + p * rowStep, c, n, Math.min(scaledBlock, k - p), xStep, rowStep);
    });
  };
  return () => {
    const now = sizes();
    const [n, k] = [now[rank + 1] as number, now[rank + 2] as number];
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      if (!isThere(i, now)) continue;
      const [x, rows] = [aBase + (aOffsets[i] as number), bBase + (bOffsets[i] as number)];
      const c = outBase + (outOffsets[i] as number);
      engine.serve(i, 1, () => {
        if (k > scaledBlock) inBlocks(x, rows, c, n, k);
        else scaledRows(x, rows, c, n, k, xStep, rowStep);
      });
    }
  };
}

/**
 * Joins batch dimensions into the rows where the second operand is shared and rows continue from one to the next; those that
 * have a length stay by themselves.
 */
function mergeBatch(spec: MatmulSpec): MatmulSpec {
  const rank = spec.batch.length;
  const out = spec.out as Access;
  const size = spec.batch[rank - 1];
  if (spec.limits?.some(({ dim }) => dim === rank - 1 || dim === rank)) return spec;
  const continues = (access: Access): boolean => access.strides[rank - 1] === (access.strides[rank] ?? 0) * spec.m;
  if (size === undefined || spec.b.strides[rank - 1] !== 0 || !continues(spec.a) || !continues(out)) return spec;
  const without = (access: Access): Access => ({
    ...access,
    strides: access.strides.filter((_, dim) => dim !== rank - 1),
  });
  return mergeBatch({
    ...spec,
    batch: spec.batch.slice(0, -1),
    m: spec.m * size,
    ...(spec.limits && {
      limits: spec.limits.map((limit) => (limit.dim < rank ? limit : { ...limit, dim: limit.dim - 1 })),
    }),
    a: without(spec.a),
    b: without(spec.b),
    out: without(out),
  });
}

function transposed(spec: MatmulSpec): MatmulSpec {
  const swap = (access: Access): Access => {
    const strides = [...access.strides];
    const column = strides.pop() ?? 0;
    const row = strides.pop() ?? 0;
    return { ...access, strides: [...strides, column, row] };
  };
  const rank = spec.batch.length;
  const turned = (dim: number): number => (dim === rank ? rank + 1 : dim === rank + 1 ? rank : dim);
  return {
    ...spec,
    m: spec.n,
    n: spec.m,
    a: swap(spec.b),
    b: swap(spec.a),
    out: swap(spec.out as Access),
    ...(spec.limits && { limits: spec.limits.map((limit) => ({ ...limit, dim: turned(limit.dim) })) }),
  };
}

function blockedProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { m, n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const layout = (access: Access): { rowStep: number; columnStep: number } => ({
    rowStep: (access.strides[rank] ?? 0) * 4,
    columnStep: (access.strides[rank + 1] ?? 0) * 4,
  });
  const kernels = gemmKernels(engine);
  const shape = { m, n, k, a: layout(a), cRowStep: layout(out).rowStep };
  const plan = planGemm(engine, kernels, shape, packDense(kernels, layout(b)));
  engine.reserve(plan.workspaceBytes, 'matmul');
  const sizes = sizesNow(spec, engine);
  const { count, offsets, isThere } = placesOf(spec, rank, [a, b, out]);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  return () => {
    const now = sizes();
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      if (!isThere(i, now)) continue;
      plan.run(
        engine.workspace,
        aBase + (aOffsets[i] as number),
        bBase + (bOffsets[i] as number),
        outBase + (outOffsets[i] as number),
        i * plan.units,
        now[rank],
        now[rank + 1],
        now[rank + 2],
      );
    }
  };
}

/** Products of 16-bit floats: operands are widened into packed f32 copies, and the f32 result is narrowed. */
function widenedMatmul(spec: MatmulSpec, engine: Engine): Calls {
  const { batch, m, n, k, a, b } = spec;
  const out = spec.out as Access;
  const operand = (
    access: Access,
    sizes: readonly number[],
  ): { access: Access; sizes: readonly number[]; dtype: DType } => ({
    access,
    sizes: [...batch, ...sizes],
    dtype: (spec.bindings[access.binding] as Binding).dtype,
  });
  const operands = [operand(a, [m, k]), operand(b, [k, n]), operand(out, [m, n])];
  return widenedCalls(engine, operands, (accesses) => {
    const [wideA, wideB, wideOut] = accesses as readonly [Access, Access, Access];
    const f32 = (access: 'read' | 'write'): Binding => ({ dtype: 'f32', access });
    return matmulCalls(
      { ...spec, bindings: [f32('read'), f32('read'), f32('write')], a: wideA, b: wideB, out: wideOut },
      engine,
    );
  });
}
