/**
 * The place of this device's programs for attention. They come with the function that asks for them, so that what a bundler
 * makes of a program without attention has none of them.
 */
import { InternalError } from '../../../errors.ts';
import type { AttentionSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';

/** Which specs there are programs for, and the programs. */
export interface AttentionPrograms {
  readonly accepts: (spec: AttentionSpec) => boolean;
  readonly calls: (spec: AttentionSpec, engine: Engine) => Calls;
}

const none: AttentionPrograms = {
  accepts: () => false,
  calls: () => {
    throw new InternalError('cpu', 'attention was not accepted, and yet compiled');
  },
};

let provided = none;

/** Puts the programs in their place. */
export function provideAttention(programs: AttentionPrograms): void {
  provided = programs;
}

/** What is in the place: nothing is accepted before there are programs. */
export const attentionPrograms: AttentionPrograms = {
  accepts: (spec) => provided.accepts(spec),
  calls: (spec, engine) => provided.calls(spec, engine),
};
