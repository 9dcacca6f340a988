/** Which program runs a kernel spec. */
import type { KernelSpec } from '../../kernel/spec.ts';
import { matmulProgram } from './contraction/matmul-program.ts';
import { loopProgram } from './loop/loop-program.ts';
import type { Profile, Program } from './program.ts';

type Builders = { readonly [Kind in KernelSpec['kind']]?: (spec: KernelSpec & { readonly kind: Kind }, profile: Profile) => Program };

const builders: Builders = {
  loop: loopProgram,
  matmul: matmulProgram,
};

/** Whether this device has a kernel for the spec. */
export function acceptsSpec(spec: KernelSpec): boolean {
  if (spec.bindings.some(({ dtype }) => dtype === 'f64')) return false;
  if (spec.kind === 'custom') return spec.definition.wgsl !== undefined;
  return builders[spec.kind] !== undefined;
}

/** The program of a spec that `acceptsSpec`. */
export function programOf(spec: KernelSpec, profile: Profile): Program {
  const build = builders[spec.kind] as (spec: KernelSpec, profile: Profile) => Program;
  return build(spec, profile);
}
