/**
 * The place of programs that come with the ops that ask for them, so that what a bundler makes of a program without these ops has
 * none of them.
 */
import { InternalError } from '../../errors.ts';
import type { Calls, Engine } from './engine.ts';

/** Which specs of a kind there are programs for, and the programs. */
export interface ProgramRule<Spec> {
  readonly accepts: (spec: Spec) => boolean;
  readonly calls: (spec: Spec, engine: Engine) => Calls;
}

/** A rule that is put in its place later, and how it is put there: nothing is accepted before. */
export interface ProvidedRule<Spec> extends ProgramRule<Spec> {
  readonly provide: (rule: ProgramRule<Spec>) => void;
}

/** A place for a rule. */
export function placeForRule<Spec>(): ProvidedRule<Spec> {
  let provided: ProgramRule<Spec> | undefined;
  return {
    provide: (rule) => {
      provided = rule;
    },
    accepts: (spec) => provided?.accepts(spec) === true,
    calls: (spec, engine) => {
      if (provided === undefined) throw new InternalError('cpu', 'a kernel was not accepted, and yet compiled');
      return provided.calls(spec, engine);
    },
  };
}
