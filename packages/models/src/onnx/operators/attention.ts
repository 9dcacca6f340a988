/** Attention in one node: of many heads, of groups of heads, with what was seen before, under masks. */
import { arange, concat, where, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypes } from '../values/element-types.ts';
import { typeOfCode } from './functions.ts';

/** [batch, heads, length, size], of what has its heads in its last axis. */
export function inHeads(call: Call, x: Tensor, attribute: string): Tensor {
  if (x.rank === 4) return x;
  if (x.rank !== 3) return call.refuse(`takes tensors of 3 or 4 dimensions, not [${x.shape.join(', ')}]`);
  const heads = call.real(attribute, undefined) ?? call.refuse(`has no '${attribute}', which 3 dimensions need`);
  const [batch, length, hidden] = x.shape as [number, number, number];
  if (!(heads > 0) || hidden % heads !== 0) call.refuse(`has ${heads} heads ('${attribute}') in rows of ${hidden}`);
  return x.reshape([batch, length, heads, hidden / heads]).permute([0, 2, 1, 3]);
}

/** [batch, length, heads · size] again. */
export function withoutHeads(x: Tensor): Tensor {
  const [batch = 0, heads = 0, length = 0, size = 0] = x.shape;
  return x.permute([0, 2, 1, 3]).reshape([batch, length, heads * size]);
}

/** Heads of a key or a value for each head that asks. */
export function forEachHead(call: Call, x: Tensor, heads: number): Tensor {
  const own = x.shape[1] as number;
  if (own === heads) return x;
  if (own === 0 || heads % own !== 0) call.refuse(`has ${heads} heads that ask, and ${own} that are asked`);
  return x.repeatInterleave(heads / own, 1);
}

/** A mask as what is added to scores, for all keys: what is not seen is -∞, as are keys behind the end of the mask. */
function maskBias(call: Call, keys: number, like: Tensor): Tensor | undefined {
  const mask = call.optionalTensor(3);
  if (!mask) return undefined;
  const unseen = like.filled([], Number.NEGATIVE_INFINITY);
  const bias = call.input(3).type === 'bool' ? where(mask, like.filled([], 0), unseen) : mask.cast(like.dtype);
  const missing = keys - (bias.shape.at(-1) ?? 1);
  if (missing <= 0) return bias;
  const widths = bias.shape.map((_, axis): [number, number] => [0, axis === bias.rank - 1 ? missing : 0]);
  return bias.pad(widths, Number.NEGATIVE_INFINITY);
}

interface Places {
  readonly queries: number;
  readonly keys: number;
  /** How many keys come before the first query. */
  readonly past: number;
  /** How many keys there are of each example, [batch]. */
  readonly lengths: Tensor | undefined;
}

/** Which keys a query sees by their places: [queries, keys], or that for each example; undefined where it sees all. */
function seenByPlace(call: Call, { queries, keys, past, lengths }: Places): Tensor | undefined {
  const [isCausal, left, right] = [call.truth('is_causal'), call.real('left_window_size', -1), call.real('right_window_size', -1)]; // prettier-ignore
  const count = (length: number): Tensor => arange(0, length, 1, { dtype: 'i32', device: call.device });
  const own = lengths?.cast('i32').reshape([-1, 1, 1, 1]);
  const key = count(keys);
  const tests: Tensor[] = own ? [key.lt(own)] : [];
  if (isCausal || left >= 0 || right >= 0) {
    const query = count(queries).reshape([queries, 1]);
    const ahead = key.sub(own ? query.add(own.sub(queries)) : query.add(past));
    if (isCausal) tests.push(ahead.le(0));
    if (left >= 0) tests.push(ahead.ge(-left));
    if (right >= 0) tests.push(ahead.le(right));
  }
  return tests.length === 0 ? undefined : tests.reduce((all, one) => all.logicalAnd(one));
}

/** Shares by scores, and 0 in rows that see nothing. */
function sharesOf(call: Call, scores: Tensor, bias: Tensor | undefined): Tensor {
  const code = call.real('softmax_precision', undefined);
  const type = code === undefined ? undefined : typeOfCode(call, code);
  const precise = type === undefined ? scores.dtype : (elementTypes[type].carrier ?? scores.dtype);
  if (!bias) return scores.cast(precise).softmax(-1).cast(scores.dtype);
  const isBlind = bias.max(-1, { keepDims: true }).eq(Number.NEGATIVE_INFINITY);
  // What is taken away afterwards must be a number before, or its gradient is none.
  const shown = where(isBlind, bias.filled([], 0), bias);
  const shares = scores.add(shown).cast(precise).softmax(-1).cast(scores.dtype);
  return where(isBlind, shares.filled([], 0), shares);
}

const attention = operator('Attention', (call) => {
  const { type } = call.input(0);
  const isFlat = call.input(0).shape.length === 3;
  const query = inHeads(call, call.tensor(0), 'q_num_heads');
  const [pastKey, pastValue] = [call.optionalTensor(4), call.optionalTensor(5)];
  const lengths = call.optionalTensor(6);
  if (!pastKey !== !pastValue) call.refuse('has a past of keys or of values, and takes both or none');
  if (lengths && pastKey)
    call.refuse('has a past, and lengths of keys beside it (nonpad_kv_seqlen); it takes one of them');
  const joined = (before: Tensor | undefined, x: Tensor): Tensor => (before ? concat([before, x], 2) : x);
  const key = joined(pastKey, inHeads(call, call.tensor(1), 'kv_num_heads'));
  const value = joined(pastValue, inHeads(call, call.tensor(2), 'kv_num_heads'));
  const [, heads = 0, queries = 0, size = 0] = query.shape;
  const scale = call.real('scale', 1 / Math.sqrt(size));
  // Half of the factor on either side, so that narrow floats do not overflow.
  const half = Math.sqrt(Math.abs(scale));
  const turned = forEachHead(call, key, heads).mul(half).permute([0, 1, 3, 2]);
  const raw = query.mul(scale < 0 ? -half : half).matmul(turned);
  const cap = call.real('softcap', 0);
  const capped = cap > 0 ? raw.div(cap).tanh().mul(cap) : raw;
  const keys = key.shape[2] as number;
  const seen = seenByPlace(call, { queries, keys, past: pastKey?.shape[2] ?? 0, lengths });
  const masked = maskBias(call, keys, raw);
  const bias = seen ? where(seen, masked ?? raw.filled([], 0), raw.filled([], Number.NEGATIVE_INFINITY)) : masked;
  const shares = sharesOf(call, capped, bias);
  const y = shares.matmul(forEachHead(call, value, heads).cast(shares.dtype));
  const modes = [() => raw, () => capped, () => (bias ? capped.add(bias) : capped), () => shares];
  const mode = call.real('qk_matmul_output_mode', 0);
  const shown = modes[mode] ?? call.refuse(`has the output mode ${mode} (qk_matmul_output_mode), which there is not`);
  return [
    call.give(type, isFlat ? withoutHeads(y) : y),
    call.give(call.input(1).type, key),
    call.give(call.input(2).type, value),
    call.wants(3) ? call.give(type, shown()) : undefined,
  ];
});

/** The places that rows of cosines and sines are of. */
const rotary = operator('RotaryEmbedding', (call) => {
  const { type, shape } = call.input(0);
  const x = inHeads(call, call.tensor(0), 'num_heads');
  const size = x.shape[3] as number;
  const given = call.real('rotary_embedding_dim', 0);
  const turned = given === 0 ? size : given;
  if (turned > size || turned % 2 !== 0)
    call.refuse(`turns ${turned} numbers of ${size}; it takes an even number of them`);
  const places = call.optionalTensor(3);
  const cache = (index: number): Tensor => {
    const rows = call.tensor(index);
    const own = places ? rows.take(places, 0) : rows;
    if (own.rank !== 3 || own.shape[2] !== turned / 2)
      call.refuse(
        `has [${own.shape.join(', ')}] of angles for ${turned} numbers, where [batch, length, ${turned / 2}] is meant`,
      );
    return own.unsqueeze(1).cast(x.dtype);
  };
  const [cos, sin] = [cache(1), cache(2)];
  const part = x.narrow(3, 0, turned);
  const isPairs = call.truth('interleaved');
  const pairs = part.reshape([...x.shape.slice(0, 3), ...(isPairs ? [turned / 2, 2] : [2, turned / 2])]);
  const axis = isPairs ? 4 : 3;
  const [a, b] = [pairs.select(axis, 0), pairs.select(axis, 1)];
  const both = [cos.mul(a).sub(sin.mul(b)), sin.mul(a).add(cos.mul(b))];
  const done = concat(both.map((each) => each.unsqueeze(axis)), axis).reshape(part.shape); // prettier-ignore
  const y = turned === size ? done : concat([done, x.narrow(3, turned, size - turned)], 3);
  return call.give(type, shape.length === 3 ? withoutHeads(y) : y);
});

/** Rows that are put into a cache, at a place for each example; those behind the end begin anew where it goes around. */
const tensorScatter = operator('TensorScatter', (call) => {
  const [past, update] = [call.tensor(0), call.tensor(1)];
  const axis = call.axis(call.real('axis', -2), past.rank);
  if (axis === 0) call.refuse('has the axis 0, which is that of the batch');
  const [room, count] = [past.shape[axis] as number, update.shape[axis] as number];
  if (
    update.rank !== past.rank ||
    update.shape.some((each, at) => each > (past.shape[at] as number) || (at !== axis && each !== past.shape[at]))
  )
    // prettier-ignore
    call.refuse(`puts [${update.shape.join(', ')}] into [${past.shape.join(', ')}]`);
  const mode = call.text('mode', 'linear');
  if (mode !== 'linear' && mode !== 'circular') call.refuse(`writes by '${mode}', which there is not`);
  const given = call.optional(2);
  const beyond = mode === 'linear' && given?.isKnown ? given.numbers().find((each) => each < 0 || each + count > room) : undefined; // prettier-ignore
  if (beyond !== undefined) call.refuse(`puts ${count} rows at ${beyond} of ${room}`);
  if (count === 0) return call.input(0);
  const along = (x: Tensor, at: number): Tensor => x.reshape(past.shape.map((_, each) => (each === at ? -1 : 1)));
  const places = along(arange(0, room, 1, { dtype: 'i32', device: call.device }), axis);
  const from = given ? places.sub(along(call.placed(given).cast('i32'), 0)) : places;
  const row = mode === 'circular' ? from.remainder(room) : from;
  const isNew = row.ge(0).logicalAnd(row.lt(count));
  const rows = update.gather(axis, row.clamp(0, count - 1).expand(past.shape));
  return call.give(call.input(0).type, where(isNew, rows, past));
});

/** Attention, and what goes along with it. */
export const attentionOperators: readonly Operator[] = [attention, rotary, tensorScatter];
