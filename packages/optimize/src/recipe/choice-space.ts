/** Spaces of passes that have one option of a few values. */
import type { Json } from '@espalier/nn';
import type { Pass, PassSpace } from './pass.ts';

/** An option with the values that are worth a try; the one that was asked for comes first. */
export function choiceSpace(name: string, asked: Json, values: readonly Json[], at: (value: never) => Pass): PassSpace {
  return {
    dimensions: async () => ({ [name]: { kind: 'choice', values: [...new Set([asked, ...values])] } }),
    at: (turned) => at((turned[name] ?? asked) as never),
  };
}
