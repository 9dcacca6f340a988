/** Which program runs a kernel spec. */
import { InternalError } from '../../errors.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import { acceptsConv2d, conv2dProgram } from './contraction/conv2d-program.ts';
import { matmulProgram } from './contraction/matmul-program.ts';
import { acceptsCustom, customProgram } from './custom-program.ts';
import { acceptsEncoded, encodedProgram } from './encoded/encoded-program.ts';
import { loopProgram } from './loop/loop-program.ts';
import { scanProgram } from './ordered/scan-program.ts';
import { scatterAddProgram } from './ordered/scatter-add-program.ts';
import { sortProgram } from './ordered/sort-program.ts';
import type { Profile, Program } from './program.ts';

/** How one kind of spec is run, and which specs of the kind can be. */
interface Family<Spec extends KernelSpec> {
  readonly accepts: (spec: Spec, profile: Profile) => boolean;
  readonly program: (spec: Spec, profile: Profile) => Program;
}

const always = (): boolean => true;

/** A kind that decomposes on this device. */
const none = {
  accepts: (): boolean => false,
  program: ({ kind }: KernelSpec): never => {
    throw new InternalError('webgpu', `${kind} was not accepted, and yet prepared`);
  },
};

const families: { readonly [Kind in KernelSpec['kind']]: Family<KernelSpec & { readonly kind: Kind }> } = {
  loop: { accepts: always, program: (spec, profile) => loopProgram(spec, profile) },
  matmul: { accepts: always, program: matmulProgram },
  'encoded-matmul': { accepts: acceptsEncoded, program: encodedProgram },
  conv2d: { accepts: acceptsConv2d, program: conv2dProgram },
  attention: none,
  'attention-gradient': none,
  scan: { accepts: always, program: scanProgram },
  sort: { accepts: always, program: sortProgram },
  'scatter-add': { accepts: always, program: scatterAddProgram },
  custom: { accepts: acceptsCustom, program: customProgram },
};

const familyOf = (spec: KernelSpec): Family<KernelSpec> => families[spec.kind] as unknown as Family<KernelSpec>;

/** Whether this device has a kernel for the spec. */
export function acceptsSpec(spec: KernelSpec, profile: Profile): boolean {
  return spec.bindings.every(({ dtype }) => dtype !== 'f64') && familyOf(spec).accepts(spec, profile);
}

/** The program of a spec that `acceptsSpec`. */
export function programOf(spec: KernelSpec, profile: Profile): Program {
  return familyOf(spec).program(spec, profile);
}
