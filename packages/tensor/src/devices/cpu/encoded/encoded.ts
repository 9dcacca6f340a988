/** Products with encoded matrices: one rule for each layout that this device computes from. */
import type { EncodedLayout, EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Engine, Program } from '../engine.ts';

/** How a layout is multiplied. */
export interface EncodedRule {
  /** Whether such a product is computed from the arrays; what is not goes through the dense matrix. */
  readonly accepts: (spec: EncodedMatmulSpec) => boolean;
  readonly compile: (spec: EncodedMatmulSpec, engine: Engine) => Program;
}

const rules: Readonly<Partial<Record<EncodedLayout, EncodedRule>>> = {};

/** Whether there is a program for `spec`; this device takes no epilogues. */
export function acceptsEncoded(spec: EncodedMatmulSpec): boolean {
  return spec.epilogue === undefined && rules[spec.layout]?.accepts(spec) === true;
}

/** The program of a product that is accepted. */
export function encodedProgram(spec: EncodedMatmulSpec, engine: Engine): Program {
  return (rules[spec.layout] as EncodedRule).compile(spec, engine);
}
