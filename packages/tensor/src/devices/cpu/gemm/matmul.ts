/** Matrix products: picks between the blocked product and generated loops, and walks the batch. */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import type { Access, Binding, Limit, LoopInstruction, LoopSpec, MatmulSpec } from '../../../kernel/spec.ts';
import type { Engine, Program } from '../engine.ts';
import { widenedProgram } from '../widen.ts';
import { gemmKernels, packDense, planGemm } from './gemm.ts';
import { sumOfBlocks, wideBytes } from './wide-sums.ts';

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
  return spec.limits ? limitedProgram(spec, spec.limits, engine) : wholeProgram(spec, engine);
}

/**
 * A product whose sizes are known when it runs: the program of that size where it only calls kernels that are there,
 * else a loop that reads the lengths by itself. The program of the sizes met last is kept: the layers of a model have one
 * kernel, and meet the same sizes one after the other.
 */
function limitedProgram(spec: MatmulSpec, limits: readonly Limit[], engine: Engine): Program {
  const { limits: _, ...whole } = spec;
  const sizes = [...spec.batch, spec.m, spec.n, spec.k];
  let loop: Program | undefined;
  let last: { readonly sizes: readonly number[]; readonly program: Program } | undefined;
  const programAt = (now: readonly number[]): Program => {
    const [m, n, k] = now.slice(-3) as [number, number, number];
    return (
      calledProgram({ ...whole, batch: now.slice(0, -3), m, n, k }, engine) ?? (loop ??= engine.loop(asLoop(spec)))
    );
  };
  return () => {
    const now = [...sizes];
    for (const { dim, binding, offset } of limits) {
      const length = engine.memory.words[(engine.address(binding) >> 2) + offset] ?? 0;
      now[dim] = Math.max(0, Math.min(length, sizes[dim] as number));
    }
    if (now.slice(0, -1).includes(0)) return;
    if (!last?.sizes.every((size, dim) => size === now[dim])) last = { sizes: now, program: programAt(now) };
    last.program();
  };
}

/** The program of a product by kernels that serve every size, where one does. */
function calledProgram(spec: MatmulSpec, engine: Engine): Program | undefined {
  const operands = [spec.a, spec.b, spec.out as Access];
  if (spec.k === 0 || operands.some(({ binding }) => spec.bindings[binding]?.dtype !== 'f32')) return undefined;
  const merged = mergeBatch(spec);
  if (merged.m < thin || merged.n < thin) return thinCalls(merged, engine);
  return blockedCalls(merged, engine);
}

function wholeProgram(spec: MatmulSpec, engine: Engine): Program {
  const merged = mergeBatch(spec);
  if (merged.m < thin || merged.n < thin || merged.k === 0) return thinProgram(merged, engine);
  if (spec.bindings.some((binding) => binding.dtype !== 'f32')) return widenedMatmul(merged, engine);
  return blockedCalls(merged, engine) ?? engine.loop(asLoop(merged));
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
  return (isFloat ? thinCalls(spec, engine) : undefined) ?? engine.loop(asLoop(spec));
}

function thinCalls(spec: MatmulSpec, engine: Engine): Program | undefined {
  const oriented = spec.m < thin ? spec : transposed(spec);
  const { n, k, a, b } = oriented;
  const out = oriented.out as Access;
  const rank = oriented.batch.length;
  if (b.strides[rank + 1] === 1 && out.strides[rank + 1] === 1 && n >= 16) return scaledProgram(oriented, engine);
  if (b.strides[rank] === 1 && a.strides[rank + 1] === 1 && k >= 16) return dotProgram(oriented, engine);
  return undefined;
}

/** Each row of a times a matrix whose columns are contiguous: one dot product an element. */
function dotProgram({ batch, m, n, k, a, b, out }: MatmulSpec, engine: Engine): Program {
  const { dotRows } = gemmKernels(engine);
  const target = out as Access;
  const rank = batch.length;
  const sizes = [...batch, m];
  const [aOffsets, outOffsets] = [batchOffsets(sizes, a), batchOffsets(sizes, target)];
  const bOffsets = batchOffsets(sizes, { ...b, strides: [...b.strides.slice(0, rank), 0] });
  const [columnStep, outStep] = [(b.strides[rank + 1] ?? 0) * 4, (target.strides[rank + 1] ?? 0) * 4];
  return () => {
    const [aBase, bBase] = [engine.address(a.binding), engine.address(b.binding)];
    const outBase = engine.address(target.binding);
    for (let i = 0; i < outOffsets.length; i++) {
      const [x, w] = [aBase + (aOffsets[i] as number), bBase + (bOffsets[i] as number)];
      dotRows(x, w, outBase + (outOffsets[i] as number), n, k, columnStep, outStep);
    }
  };
}

/** Each row of a times a matrix whose rows are contiguous: a sum of scaled rows. */
function scaledProgram(oriented: MatmulSpec, engine: Engine): Program {
  const { m, n, k, a, b } = oriented;
  const out = oriented.out as Access;
  const rank = oriented.batch.length;
  const kernels = gemmKernels(engine);
  const blocks = { count: Math.ceil(k / scaledBlock), together: 1 };
  engine.workspace.reserve(wideBytes(blocks, n), 'matmul');
  const sizes = [...oriented.batch, m];
  const [aOffsets, outOffsets] = [batchOffsets(sizes, a), batchOffsets(sizes, out)];
  const bOffsets = batchOffsets(sizes, { ...b, strides: [...b.strides.slice(0, rank), 0] });
  const [xStep, rowStep] = [(a.strides[rank + 1] ?? 0) * 4, (b.strides[rank] ?? 0) * 4];
  return () => {
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < outOffsets.length; i++) {
      const c = outBase + (outOffsets[i] as number);
      const sums = { c, wide: engine.workspace.address, rows: 1, columns: n, rowStep: 0 };
      sumOfBlocks(kernels, sums, blocks, (block) => {
        const p = block * scaledBlock;
        const x = aBase + (aOffsets[i] as number) + p * xStep;
        const rows = bBase + (bOffsets[i] as number) + p * rowStep;
        kernels.scaledRows(x, rows, c, n, Math.min(scaledBlock, k - p), xStep, rowStep);
      });
    }
  };
}

/** Joins batch dimensions into the rows where the second operand is shared and rows continue from one to the next. */
function mergeBatch(spec: MatmulSpec): MatmulSpec {
  const rank = spec.batch.length;
  const out = spec.out as Access;
  const size = spec.batch[rank - 1];
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
  return { ...spec, m: spec.n, n: spec.m, a: swap(spec.b), b: swap(spec.a), out: swap(spec.out as Access) };
}

/** The same product as a loop nest. */
function asLoop(spec: MatmulSpec): LoopSpec {
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const batch = (access: Access): number[] => access.strides.slice(0, rank);
  const [aRow = 0, aDepth = 0] = spec.a.strides.slice(rank);
  const [bDepth = 0, bColumn = 0] = spec.b.strides.slice(rank);
  const body: LoopInstruction[] = [
    { kind: 'load', access: { ...spec.a, strides: [...batch(spec.a), aRow, 0, aDepth] }, dtype: 'f32' },
    { kind: 'load', access: { ...spec.b, strides: [...batch(spec.b), 0, bColumn, bDepth] }, dtype: 'f32' },
    { kind: 'scalar', op: 'mul', args: [0, 1], dtype: 'f32' },
    { kind: 'reduce', op: 'sum', arg: 2, dtype: 'f32' },
    { kind: 'store', access: { ...out, strides: [...out.strides, 0] }, arg: 3, each: 'row' },
  ];
  return {
    kind: 'loop',
    bindings: spec.bindings,
    outer: [...spec.batch, spec.m, spec.n],
    inner: [spec.k],
    body,
    ...(spec.limits && { limits: spec.limits }),
  };
}

/** Byte offsets of an operand for every batch index, row-major. */
function batchOffsets(sizes: readonly number[], access: Access): Float64Array {
  let offsets = [access.offset];
  for (const [dim, size] of sizes.entries()) {
    const stride = access.strides[dim] ?? 0;
    offsets = offsets.flatMap((offset) => Array.from({ length: size }, (_, i) => offset + i * stride));
  }
  return Float64Array.from(offsets, (offset) => offset * 4);
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
  const [aOffsets, bOffsets, outOffsets] = [
    batchOffsets(spec.batch, a),
    batchOffsets(spec.batch, b),
    batchOffsets(spec.batch, out),
  ];
  return () => {
    const workspace = engine.workspace.address;
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < outOffsets.length; i++) {
      plan.run(
        workspace,
        aBase + (aOffsets[i] as number),
        bBase + (bOffsets[i] as number),
        outBase + (outOffsets[i] as number),
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
