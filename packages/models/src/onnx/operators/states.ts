/** Operators that carry a state from call to call: a convolution of what was, and attention without softmax. */
import { concat, stack, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { forEachHead, inHeads, withoutHeads } from './attention.ts';

const causalConvolution = operator('CausalConvWithState', (call) => {
  const { type } = call.input(0);
  const [x, weight] = [call.tensor(0), call.tensor(1)];
  if (x.rank !== 3 || weight.rank !== 3 || weight.shape[1] !== 1 || weight.shape[0] !== x.shape[1])
    call.refuse(`takes [batch, channels, length] and [channels, 1, size], not [${x.shape.join(', ')}] and [${weight.shape.join(', ')}]`); // prettier-ignore
  const [batch, channels, length] = x.shape as [number, number, number];
  const size = weight.shape[2] as number;
  const before = call.optionalTensor(3) ?? x.filled([batch, channels, size - 1], 0);
  const all = concat([before, x], 2);
  const terms = Array.from({ length: size }, (_, at) => all.narrow(2, at, length).mul(weight.narrow(2, at, 1).reshape([channels, 1]))); // prettier-ignore
  const sum = terms.reduce((a, b) => a.add(b));
  const bias = call.optionalTensor(2);
  const y = bias ? sum.add(bias.reshape([channels, 1])) : sum;
  const activation = call.text('activation', 'none');
  if (!['none', 'silu', 'swish'].includes(activation)) call.refuse(`ends in '${activation}', which there is not`);
  const state = call.optional(3)?.type ?? type;
  return [
    call.give(type, activation === 'none' ? y : y.silu()),
    call.give(state, all.narrow(2, (all.shape[2] as number) - (size - 1), size - 1)),
  ];
});

const rules: Readonly<Record<string, { readonly decays: boolean; readonly corrects: boolean }>> = {
  linear: { decays: false, corrects: false },
  gated: { decays: true, corrects: false },
  delta: { decays: false, corrects: true },
  gated_delta: { decays: true, corrects: true },
};

/** [batch, heads, length, size] of one number for each head, or of several. */
function perHead(x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  const own = width === 1 ? 1 : heads;
  return x
    .cast('f32')
    .reshape([batch, length, own, width / own])
    .permute([0, 2, 1, 3]);
}

/** An input that a rule needs, and others may not have. */
function needed(call: Call, index: number, name: string, isNeeded: boolean): Tensor | undefined {
  const value = call.optionalTensor(index);
  if (isNeeded !== (value !== undefined)) call.refuse(`${isNeeded ? 'lacks' : 'has'} '${name}', by its rule`);
  return value;
}

/** A sum of products of keys and values, which each place adds to and asks: place after place. */
const linearAttention = operator('LinearAttention', (call) => {
  const { type } = call.input(0);
  const name = call.text('update_rule', 'gated_delta');
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (!rule) return call.refuse(`goes by the rule '${name}', which there is not`);
  const own = call.real('kv_num_heads', undefined) ?? call.refuse("has no 'kv_num_heads'");
  const [query, key, value] = (['q_num_heads', 'kv_num_heads', 'kv_num_heads'] as const).map((heads, index) => inHeads(call, call.tensor(index).cast('f32'), heads)) as [Tensor, Tensor, Tensor]; // prettier-ignore
  const decay = needed(call, 4, 'decay', rule.decays);
  const share = needed(call, 5, 'beta', rule.corrects);
  const [fading, rate] = [decay && perHead(decay, own).exp(), share && perHead(share, own)];
  const [batch, heads, length, size] = query.shape as [number, number, number, number];
  const given = call.real('scale', 0);
  const scale = given === 0 ? 1 / Math.sqrt(size) : given;
  const before = call.optionalTensor(3)?.cast('f32');
  let state = before ?? value.filled([batch, own, size, value.shape[3] as number], 0);
  const rows: Tensor[] = [];
  for (let at = 0; at < length; at++) {
    const row = (x: Tensor): Tensor => x.narrow(2, at, 1);
    const column = row(key).permute([0, 1, 3, 2]);
    if (fading) state = state.mul(row(fading).permute([0, 1, 3, 2]));
    const added = rate ? row(rate).mul(row(value).sub(row(key).matmul(state))) : row(value);
    state = state.add(column.mul(added));
    rows.push(
      row(query)
        .matmul(forEachHead(call, state, heads))
        .mul(scale)
        .squeeze([2]),
    );
  }
  const y = rows.length === 0 ? value.filled([batch, heads, 0, value.shape[3] as number], 0) : stack(rows, 2);
  return [call.give(type, withoutHeads(y)), call.give(call.optional(3)?.type ?? type, state)];
});

/** With a state. */
export const stateOperators: readonly Operator[] = [causalConvolution, linearAttention];
