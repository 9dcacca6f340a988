/** The same product said otherwise, so that fewer kernels have to know all ways of saying one. */
import { restrided, stridesOf } from '../../../kernel/loop-steps.ts';
import type { Access, MatmulSpec } from '../../../kernel/spec.ts';

/** Its operands and its epilogue over other dimensions. */
function over(spec: MatmulSpec, change: (strides: readonly number[]) => readonly number[]): MatmulSpec {
  const changed = (access: Access): Access => ({ ...access, strides: change(access.strides) });
  return {
    ...spec,
    a: changed(spec.a),
    b: changed(spec.b),
    out: changed(spec.out as Access),
    ...(spec.epilogue && { epilogue: spec.epilogue.map((step) => restrided(step, change)) }),
  };
}

/**
 * Joins batch dimensions into the rows where the second operand is shared and rows continue from one to the next; those that
 * have a length stay by themselves.
 */
export function mergeBatch(spec: MatmulSpec): MatmulSpec {
  const rank = spec.batch.length;
  const size = spec.batch[rank - 1];
  if (spec.limits?.some(({ dim }) => dim === rank - 1 || dim === rank)) return spec;
  // A single row is no dimension: the last one of the batch takes its place.
  const goes = spec.m === 1 ? rank : rank - 1;
  const ofRows = [spec.a, spec.out as Access].map(({ strides }) => strides);
  const ofResult = (spec.epilogue ?? []).flatMap((step) => [stridesOf(step) ?? []]);
  const continues = [...ofRows, ...ofResult].every(
    (strides) => spec.m === 1 || strides[rank - 1] === undefined || strides[rank - 1] === (strides[rank] ?? 0) * spec.m,
  );
  if (size === undefined || spec.b.strides[rank - 1] !== 0 || !continues) return spec;
  const without = (strides: readonly number[], gone: number): number[] => strides.filter((_, dim) => dim !== gone);
  return mergeBatch({
    ...over(spec, (strides) => without(strides, goes)),
    b: { ...spec.b, strides: without(spec.b.strides, rank - 1) },
    batch: spec.batch.slice(0, -1),
    m: spec.m * size,
    ...(spec.limits && {
      limits: spec.limits.map((limit) => (limit.dim < rank ? limit : { ...limit, dim: limit.dim - 1 })),
    }),
  });
}

/** (a·b)ᵀ = bᵀ·aᵀ */
export function transposed(spec: MatmulSpec): MatmulSpec {
  const rank = spec.batch.length;
  const turned = (dim: number): number => (dim === rank ? rank + 1 : dim === rank + 1 ? rank : dim);
  const swap = (strides: readonly number[]): number[] => strides.map((_, dim) => strides[turned(dim)] ?? 0);
  return {
    ...over({ ...spec, a: spec.b, b: spec.a }, swap),
    m: spec.n,
    n: spec.m,
    ...(spec.limits && { limits: spec.limits.map((limit) => ({ ...limit, dim: turned(limit.dim) })) }),
  };
}
