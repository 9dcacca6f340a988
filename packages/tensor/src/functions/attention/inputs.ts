/** What a use of attention is made of. */
import type { Attributes } from '../../graph/op.ts';

/** What is told of a use beside its tensors: q, k, v, then the mask and the bias that there are. */
export interface AttentionAttributes extends Attributes {
  readonly causal: boolean;
  readonly scale: number;
  readonly mask: boolean;
  readonly bias: boolean;
}

/** Where the inputs of a use stand, and how many they are. */
export interface InputPlaces {
  readonly q: 0;
  readonly k: 1;
  readonly v: 2;
  readonly mask: number | undefined;
  readonly bias: number | undefined;
  readonly count: number;
}

/** The places of the inputs of a use. */
export function placesOf({ mask, bias }: Pick<AttentionAttributes, 'mask' | 'bias'>): InputPlaces {
  const behind = mask ? 4 : 3;
  return {
    q: 0,
    k: 1,
    v: 2,
    mask: mask ? 3 : undefined,
    bias: bias ? behind : undefined,
    count: bias ? behind + 1 : behind,
  };
}

/** The inputs of a use by their names. */
export function inputsOf<T>(
  inputs: readonly T[],
  attributes: AttentionAttributes,
): { readonly q: T; readonly k: T; readonly v: T; readonly mask: T | undefined; readonly bias: T | undefined } {
  const { mask, bias } = placesOf(attributes);
  const [q, k, v] = inputs as readonly [T, T, T];
  return {
    q,
    k,
    v,
    mask: mask === undefined ? undefined : inputs[mask],
    bias: bias === undefined ? undefined : inputs[bias],
  };
}
