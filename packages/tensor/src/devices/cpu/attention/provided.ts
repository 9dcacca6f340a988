/**
 * The place of this device's programs for attention. They come with the function that asks for them, so that what a bundler
 * makes of a program without attention has none of them.
 */
import { InternalError } from '../../../errors.ts';
import type { AttentionGradientSpec, AttentionSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';

/** Which specs there are programs for, and the programs. */
interface Rule<Spec> {
  readonly accepts: (spec: Spec) => boolean;
  readonly calls: (spec: Spec, engine: Engine) => Calls;
}

/** Of attention, and of its gradients. */
interface AttentionPrograms {
  readonly forward: Rule<AttentionSpec>;
  readonly gradient: Rule<AttentionGradientSpec>;
}

const none: Rule<unknown> = {
  accepts: () => false,
  calls: () => {
    throw new InternalError('cpu', 'attention was not accepted, and yet compiled');
  },
};

let provided: AttentionPrograms = { forward: none, gradient: none };

/** Puts the programs in their place. */
export function provideAttention(programs: AttentionPrograms): void {
  provided = programs;
}

/** What is in the place: nothing is accepted before there are programs. */
export const attentionPrograms: AttentionPrograms = {
  forward: {
    accepts: (spec) => provided.forward.accepts(spec),
    calls: (spec, engine) => provided.forward.calls(spec, engine),
  },
  gradient: {
    accepts: (spec) => provided.gradient.accepts(spec),
    calls: (spec, engine) => provided.gradient.calls(spec, engine),
  },
};
