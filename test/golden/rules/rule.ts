import type { Tensor } from '@espalier/tensor';
import type { Call } from '../call.ts';

/** How one of PyTorch's ops is called with us. */
export interface Rule {
  /** What its positional arguments are called, the input first. */
  readonly names: readonly string[];
  readonly run: (call: Call) => Tensor | readonly Tensor[] | Promise<Tensor>;
}

/** A rule whose input is called `input`; further positional arguments are named in one word list. */
export function rule(names: string, run: Rule['run']): Rule {
  return { names: ['input', ...names.split(' ').filter(Boolean)], run };
}
