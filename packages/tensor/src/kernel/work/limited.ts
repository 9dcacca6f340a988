/** Specs of which some dimensions end earlier than their sizes say, as what they come to in one run. */
import type { KernelSpec, Limit } from '../spec.ts';

/** The limits of a spec. */
export function limitsOf(spec: KernelSpec): readonly Limit[] {
  return 'limits' in spec && spec.limits ? spec.limits : [];
}

/** The same work without limits: each dimension that has one is as long as the number told for it says. */
export function limited(spec: KernelSpec, ends: readonly number[]): KernelSpec {
  const limits = limitsOf(spec);
  if (limits.length === 0) return spec;
  const cut = (sizes: readonly number[]): number[] =>
    sizes.map((size, dim) => {
      const at = limits.findIndex((limit) => limit.dim === dim);
      return at < 0 ? size : Math.max(0, Math.min(size, ends[at] as number));
    });
  if (spec.kind === 'loop') {
    const sizes = cut([...spec.outer, ...spec.inner]);
    const rank = spec.outer.length;
    return { ...spec, outer: sizes.slice(0, rank), inner: sizes.slice(rank), limits: [] };
  }
  if (spec.kind === 'matmul') {
    const sizes = cut([...spec.batch, spec.m, spec.n, spec.k]);
    const [m, n, k] = sizes.slice(-3) as [number, number, number];
    return { ...spec, batch: sizes.slice(0, -3), m, n, k, limits: [] };
  }
  if (spec.kind === 'attention') {
    const sizes = cut([...spec.batch, spec.queries, spec.keys]);
    const [queries, keys] = sizes.slice(-2) as [number, number];
    return { ...spec, batch: sizes.slice(0, -2), queries, keys, limits: [] };
  }
  if (spec.kind === 'encoded-matmul') return { ...spec, m: cut([spec.m])[0] as number, limits: [] };
  return spec;
}
