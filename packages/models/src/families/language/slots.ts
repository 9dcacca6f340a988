/** What callers tell a language model beside the ids. */
import { oneOf, type Rule } from '@espalier/tensor/arguments';

/** Of which positions logits are computed: of all, or of the last one of the call alone. */
export type LogitsOf = 'all' | 'last';

/** One of them. */
export const aLogitsOf: Rule<LogitsOf> = oneOf<LogitsOf>('all', 'last');

declare module '@espalier/nn' {
  interface CallSlots {
    /**
     * Of which positions a language model gives logits; of the last one, which may be where a length (`upTo`) says, as
     * [..., 1, vocabulary]. Default: all.
     */
    readonly logitsOf?: LogitsOf;
  }
}
