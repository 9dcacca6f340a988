/** Matrix products: picks between the blocked product and generated loops, and walks the batch. */
import { dtypes, type DType } from '../../../dtype/dtype.ts';
import { matmulLoop } from '../../../kernel/contraction/matmul-loop.ts';
import type { Access, Binding, MatmulSpec } from '../../../kernel/spec.ts';
import { loopCalls, type Calls, type Engine } from '../engine.ts';
import { procedureCalls } from '../procedure-calls.ts';
import { widenedCalls } from '../widen.ts';
import { finishOf, placeOfSums } from './epilogue.ts';
import { gemmKernels, packDense, planGemm } from './gemm.ts';
import type { LiveEngine } from '../program/live-engine.ts';
import { mergeBatch, transposed } from './orientation.ts';
import { placesOf, sizesNow } from './places.ts';
import { fewRowsCalls, mostFewRows } from './rows-product.ts';

/** Whether the spec is computed in f32; others are decomposed by the planner. An epilogue has to be one for blocks of f32. */
export function acceptsMatmul(spec: MatmulSpec): boolean {
  const dtypeOf = ({ binding }: Access): DType => (spec.bindings[binding] as Binding).dtype;
  if (!spec.epilogue)
    return [spec.a, spec.b, spec.out as Access].every((access) => dtypes[dtypeOf(access)].compute === 'f32');
  return (
    !spec.limits && [spec.a, spec.b].every((access) => dtypeOf(access) === 'f32') && placeOfSums(spec) !== undefined
  );
}

/** Below this many rows or columns there is no packing, whatever the layouts. */
const thin = 3;

/** Numbers of rows that have kernels of their own, up to the next. */
const rowCounts = [1, 6, 8, mostFewRows] as const;

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
  for (const rows of rowCounts) for (const side of [spec, transposed(spec)]) fewRowsCalls(side, engine, rows);
  if (spec.k > 0) blockedCalls(spec, engine);
}

/**
 * A product whose sizes are known when it runs: what suits those, made when they first ask for it, and for all sizes. Where no
 * kernel does, a loop reads the lengths by itself.
 */
export function limitedProduct(spec: MatmulSpec, engine: LiveEngine): Calls {
  const rank = spec.batch.length;
  const sizes = sizesNow(spec, engine);
  const loop = once(() => loopCalls(matmulLoop(spec), engine));
  const blocks = once(() => blockedCalls(spec, engine));
  const few = [spec, transposed(spec)].map((side) =>
    rowCounts.map((rows) => once(() => fewRowsCalls(side, engine, rows))),
  );
  /** What suits so many rows, or columns, if that is few. */
  const fewOf = (side: number, rows: number): Calls | undefined =>
    few[side]?.[rowCounts.findIndex((most) => rows <= most)]?.();
  return () => {
    const now = sizes();
    for (let dim = 0; dim < rank + 2; dim++) if (now[dim] === 0) return;
    const [m, n] = [now[rank] as number, now[rank + 1] as number];
    const calls =
      !isFloat(spec) || now[rank + 2] === 0
        ? loop()
        : (fewOf(0, m) ?? fewOf(1, n) ?? (Math.min(m, n) < thin ? loop() : blocks()) ?? loop());
    calls();
  };
}

/** Calls that are looked for when they are first asked for. */
function once<Found extends Calls | undefined>(make: () => Found): () => Found {
  let made: { readonly calls: Found } | undefined;
  return () => (made ??= { calls: make() }).calls;
}

function wholeProduct(spec: MatmulSpec, engine: Engine): Calls {
  const merged = mergeBatch(spec.epilogue ? { ...spec, out: placeOfSums(spec) as Access } : spec);
  const { m, n, k } = merged;
  const loop = (): Calls => loopCalls(matmulLoop(merged), engine);
  if (k === 0) return loop();
  const few = fewRowsOrColumns(merged, engine);
  if (few) return few;
  if (m < thin || n < thin) return loop();
  if (!isFloat(merged)) return widenedMatmul(merged, engine);
  return blockedCalls(merged, engine) ?? loop();
}

/** Whether both operands and the sums are f32. */
export function isFloat({ a, b, out, bindings }: MatmulSpec): boolean {
  return [a, b, out as Access].every(({ binding }) => bindings[binding]?.dtype === 'f32');
}

function fewRowsOrColumns(spec: MatmulSpec, engine: Engine): Calls | undefined {
  if (!isFloat(spec)) return undefined;
  return fewRowsCalls(spec, engine, spec.m) ?? fewRowsCalls(transposed(spec), engine, spec.n);
}

function blockedCalls(spec: MatmulSpec, engine: Engine): Calls | undefined {
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (out.strides[rank + 1] === 1) return blockedProduct(spec, engine);
  // (a·b)ᵀ = bᵀ·aᵀ: an output whose rows are adjacent is the transposed product's.
  return out.strides[rank] === 1 ? blockedProduct(transposed(spec), engine) : undefined;
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
  const finish = finishOf(spec, engine);
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
        (row, column, rows, columns) => finish(i, row, column, rows, columns),
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
