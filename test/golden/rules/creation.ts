// PyTorch's conversions and new tensors as ours.
import {
  arange,
  eye,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  zeros,
  zerosLike,
  type CreateOptions,
  type DType,
} from '@espalier/tensor';
import type { Call } from '../call.ts';
import { rule, type Rule } from './rule.ts';

const cast = (dtype: DType): Rule => rule('', (call) => call.tensor().cast(dtype));
const named = (names: string, run: Rule['run']): Rule => ({ names: names.split(' '), run });

function place(call: Call): CreateOptions {
  const dtype = call.dtype();
  return { device: call.device, ...(dtype && { dtype }) };
}

/** By PyTorch's name. */
export const creationRules: Readonly<Record<string, Rule>> = {
  bool: cast('bool'),
  byte: cast('u8'),
  char: cast('i8'),
  int: cast('i32'),
  float: cast('f32'),
  double: cast('f64'),
  half: cast('f16'),
  bfloat16: cast('bf16'),
  zeros: named('size', (call) => zeros(call.numbers('size') ?? [], place(call))),
  ones: named('size', (call) => ones(call.numbers('size') ?? [], place(call))),
  full: named('size value', (call) => full(call.numbers('size') ?? [], call.number('value'), place(call))),
  zeros_like: rule('', (call) => zerosLike(call.tensor(), place(call))),
  ones_like: rule('', (call) => onesLike(call.tensor(), place(call))),
  full_like: rule('value', (call) => fullLike(call.tensor(), call.number('value'), place(call))),
  eye: named('n m', (call) => eye(call.number('n'), call.number('m', call.number('n')), place(call))),
  arange: named('start end step', (call) =>
    arange(call.number('start'), call.number('end', undefined), call.number('step', 1), place(call)),
  ),
  linspace: named('start end steps', (call) =>
    linspace(call.number('start'), call.number('end'), call.number('steps'), place(call)),
  ),
};
