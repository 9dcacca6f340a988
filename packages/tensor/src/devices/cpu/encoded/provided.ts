/**
 * The place of this device's programs for encoded matrices. They come with the products that ask for them, so that what a
 * bundler makes of a program without such matrices has none of them.
 */
import { InternalError } from '../../../errors.ts';
import type { EncodedCosts } from '../../../device/encoded-costs.ts';
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { MemoryLimits } from '../assembler/module-builder.ts';
import type { Procedure } from '../program/procedures.ts';
import type { Runner } from '../program/runner.ts';
import type { EncodedRule } from './encoded-rule.ts';

/** A product of as many rows of x as there are when it runs. */
export interface LimitedEncodedMatmul {
  readonly spec: EncodedMatmulSpec;
  /** Of the memory that modules import. */
  readonly memory: MemoryLimits;
}

/** Programs, and what they cost. */
interface EncodedPrograms extends EncodedRule {
  readonly limited: (runner: Runner, parameters: LimitedEncodedMatmul) => Procedure;
  readonly costs: EncodedCosts | undefined;
}

const refuse = (): never => {
  throw new InternalError('cpu', 'a product with an encoded matrix was not accepted, and yet compiled');
};

const none: EncodedPrograms = { costs: undefined, accepts: () => false, calls: refuse, limited: refuse };

let provided = none;

/** Puts the programs in their place. */
export function provideEncodedPrograms(programs: EncodedPrograms): void {
  provided = programs;
}

/** What is in the place: nothing is accepted before there are programs. */
export const encodedPrograms: EncodedPrograms = {
  get costs() {
    return provided.costs;
  },
  accepts: (spec) => provided.accepts(spec),
  calls: (spec, engine) => provided.calls(spec, engine),
  limited: (runner, parameters) => provided.limited(runner, parameters),
};
