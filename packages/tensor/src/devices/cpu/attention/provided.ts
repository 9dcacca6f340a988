/** The place of this device's programs for attention: they come with its op. */
import type { AttentionGradientSpec, AttentionSpec } from '../../../kernel/spec.ts';
import { placeForRule, type ProvidedRule } from '../provided-programs.ts';

/** Programs of attention, and of its gradients. */
export const attentionPrograms: {
  readonly forward: ProvidedRule<AttentionSpec>;
  readonly gradient: ProvidedRule<AttentionGradientSpec>;
} = { forward: placeForRule(), gradient: placeForRule() };
