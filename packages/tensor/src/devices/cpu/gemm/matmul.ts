/** Matrix products: picks between the blocked product and generated loops, and walks the batch. */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import { matmulLoop } from '../../../kernel/contraction/matmul-loop.ts';
import type { Access, Binding, MatmulSpec } from '../../../kernel/spec.ts';
import type { Engine, Program } from '../engine.ts';
import { widenedProgram } from '../widen.ts';
import { gemmKernels, packDense, planGemm } from './gemm.ts';
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

/** The program of a product. */
export function matmulProgram(spec: MatmulSpec, engine: Engine): Program {
  return spec.limits ? limitedProgram(mergeBatch(spec), engine) : wholeProgram(spec, engine);
}

/**
 * A product whose sizes are known when it runs: what suits those, made when they first ask for it, and for all sizes. Where no
 * kernel does, a loop reads the lengths by itself.
 */
function limitedProgram(spec: MatmulSpec, engine: Engine): Program {
  const rank = spec.batch.length;
  const sizes = sizesNow(spec, engine);
  const isFloat = spec.bindings.every(({ dtype }, binding) => dtype === 'f32' || isLength(spec, binding));
  const loop = once(() => engine.loop(matmulLoop(spec)));
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

/** A program that is made when it is first asked for. */
function once(make: () => Program): () => Program {
  let made: Program | undefined;
  return () => (made ??= make());
}

function wholeProgram(spec: MatmulSpec, engine: Engine): Program {
  const merged = mergeBatch(spec);
  if (merged.m < thin || merged.n < thin || merged.k === 0) return thinProgram(merged, engine);
  if (spec.bindings.some((binding) => binding.dtype !== 'f32')) return widenedMatmul(merged, engine);
  return blockedCalls(merged, engine) ?? engine.loop(matmulLoop(merged));
}

function blockedCalls(spec: MatmulSpec, engine: Engine): Program | undefined {
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (out.strides[rank + 1] === 1) return blockedProgram(spec, engine);
  // (a·b)ᵀ = bᵀ·aᵀ: an output whose rows are adjacent is the transposed product's.
  return out.strides[rank] === 1 ? blockedProgram(transposed(spec), engine) : undefined;
}

/** Few rows or columns: scaled rows or dot products where the matrix has contiguous rows or columns, else generated loops. */
function thinProgram(spec: MatmulSpec, engine: Engine): Program {
  const isFloat = spec.bindings.every((binding) => binding.dtype === 'f32');
  const oriented = spec.m < thin ? spec : transposed(spec);
  return (isFloat ? thinCalls(oriented, engine) : undefined) ?? engine.loop(matmulLoop(spec));
}

/** Row by row of a. */
function thinCalls(spec: MatmulSpec, engine: Engine): Program | undefined {
  const { n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (b.strides[rank + 1] === 1 && out.strides[rank + 1] === 1 && n >= 16) return scaledProgram(spec, engine);
  if (b.strides[rank] === 1 && a.strides[rank + 1] === 1 && k >= 16) return dotProgram(spec, engine);
  return undefined;
}

/** Where the rows of a and of the result are, and the matrix that each meets. */
function rowPlaces(spec: MatmulSpec): Places {
  const { a, b, batch } = spec;
  const rank = batch.length;
  return placesOf(spec, rank + 1, [a, { ...b, strides: [...b.strides.slice(0, rank), 0] }, spec.out as Access]);
}

/** Each row of a times a matrix whose columns are contiguous: one dot product an element. */
function dotProgram(spec: MatmulSpec, engine: Engine): Program {
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
      dotRows(x, w, outBase + (outOffsets[i] as number), n, k, columnStep, outStep);
    }
  };
}

/** Each row of a times a matrix whose rows are contiguous: a sum of scaled rows. */
function scaledProgram(spec: MatmulSpec, engine: Engine): Program {
  const { a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const kernels = gemmKernels(engine);
  const { scaledRows } = kernels;
  const blocksIn = (k: number): Blocks => ({ count: Math.ceil(k / scaledBlock), together: 1 });
  engine.workspace.reserve(wideBytes(blocksIn(spec.k), spec.n), 'matmul');
  const sizes = sizesNow(spec, engine);
  const { count, offsets, isThere } = rowPlaces(spec);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const [xStep, rowStep] = [(a.strides[rank + 1] ?? 0) * 4, (b.strides[rank] ?? 0) * 4];
  /** A row whose sum is made of several blocks. */
  const inBlocks = (x: number, rows: number, c: number, n: number, k: number): void => {
    const sums = { c, wide: engine.workspace.address, rows: 1, columns: n, rowStep: 0 };
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
      if (k > scaledBlock) inBlocks(x, rows, c, n, k);
      else scaledRows(x, rows, c, n, k, xStep, rowStep);
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

function blockedProgram(spec: MatmulSpec, engine: Engine): Program {
  const { m, n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const layout = (access: Access): { rowStep: number; columnStep: number } => ({
    rowStep: (access.strides[rank] ?? 0) * 4,
    columnStep: (access.strides[rank + 1] ?? 0) * 4,
  });
  const kernels = gemmKernels(engine);
  const shape = { m, n, k, a: layout(a), cRowStep: layout(out).rowStep };
  const plan = planGemm(kernels, shape, packDense(kernels, layout(b)));
  engine.workspace.reserve(plan.workspaceBytes, 'matmul');
  const sizes = sizesNow(spec, engine);
  const { count, offsets, isThere } = placesOf(spec, rank, [a, b, out]);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  return () => {
    const now = sizes();
    const workspace = engine.workspace.address;
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      if (!isThere(i, now)) continue;
      plan.run(
        workspace,
        aBase + (aOffsets[i] as number),
        bBase + (bOffsets[i] as number),
        outBase + (outOffsets[i] as number),
        now[rank],
        now[rank + 1],
        now[rank + 2],
      );
    }
  };
}

/** Products of 16-bit floats: operands are widened into packed f32 copies, and the f32 result is narrowed. */
function widenedMatmul(spec: MatmulSpec, engine: Engine): Program {
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
  return widenedProgram(engine, operands, (accesses) => {
    const [wideA, wideB, wideOut] = accesses as readonly [Access, Access, Access];
    const f32 = (access: 'read' | 'write'): Binding => ({ dtype: 'f32', access });
    return matmulProgram(
      { ...spec, bindings: [f32('read'), f32('read'), f32('write')], a: wideA, b: wideB, out: wideOut },
      engine,
    );
  });
}
