/**
 * The place of this device's programs for encoded matrices. They come with the products that ask for them, so that what a
 * bundler makes of a program without such matrices has none of them.
 */
import { InternalError } from '../../../errors.ts';
import type { EncodedCosts } from '../../../device/encoded-costs.ts';
import type { EncodedRule } from './encoded-rule.ts';

/** Programs, and what they cost. */
interface EncodedPrograms extends EncodedRule {
  readonly costs: EncodedCosts | undefined;
}

const none: EncodedPrograms = {
  costs: undefined,
  accepts: () => false,
  compile: () => {
    throw new InternalError('cpu', 'a product with an encoded matrix was not accepted, and yet compiled');
  },
};

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
  compile: (spec, engine) => provided.compile(spec, engine),
};
