// PyTorch's reductions, scans and orders as ours.
import type { Axes, Tensor } from '@espalier/tensor';
import type { Call } from '../call.ts';
import { rule, type Rule } from './rule.ts';

/** PyTorch's `dim`: a number, a list, or all of them when it is left out or empty. */
function axes(call: Call): Axes | undefined {
  const dim = call.numbers('dim');
  return dim && dim.length > 0 ? dim : undefined;
}

function converted(call: Call): Tensor {
  const dtype = call.dtype();
  return dtype ? call.tensor().cast(dtype) : call.tensor();
}

const keep = (call: Call): { keepDims: boolean } => ({ keepDims: call.truth('keepdim') });

/** An axis of a vector is also one of a scalar in PyTorch. */
const axis = (call: Call, fallback: number): number => call.number('dim', fallback);

const fold = (name: 'sum' | 'prod' | 'mean' | 'any' | 'all' | 'max' | 'min'): Rule =>
  rule('dim keepdim', (call) => converted(call)[name](axes(call), keep(call)));

const extremum = (name: 'max' | 'min'): Rule =>
  rule('dim keepdim', (call) => {
    const [x, along, options] = [call.tensor(), axis(call, -1), keep(call)];
    return [x[name](along, options), x[name === 'max' ? 'argmax' : 'argmin'](along, options)];
  });

function moments(call: Call): { axes: Axes | undefined; options: { keepDims: boolean; correction: number } } {
  // `unbiased` may stand in the place of `dim`.
  const dim = call.any('dim');
  const unbiased = typeof dim === 'boolean' ? dim : call.truth('unbiased', true);
  const correction = call.number('correction', unbiased ? 1 : 0);
  return { axes: typeof dim === 'boolean' ? undefined : axes(call), options: { ...keep(call), correction } };
}

const moment = (...names: readonly ('var' | 'std' | 'mean')[]): Rule =>
  rule('dim unbiased keepdim', (call) => {
    const { axes: along, options } = moments(call);
    return names.map((name) =>
      name === 'mean' ? call.tensor().mean(along, { keepDims: options.keepDims }) : call.tensor()[name](along, options),
    );
  });

const position = (name: 'argmax' | 'argmin'): Rule =>
  rule('dim keepdim', (call) => call.tensor()[name](call.number('dim', undefined), keep(call)));

function norm(call: Call, order: string): Tensor {
  const p = call.any(order) ?? 2;
  return converted(call).norm(p === 'fro' ? 2 : Number(p), axes(call), keep(call));
}

const order = rule('dim descending stable', (call) => {
  call.ignore('stable');
  const { values, indices } = call.tensor().sort(axis(call, -1), { descending: call.truth('descending') });
  return [values, indices];
});

/** By PyTorch's name. */
export const reductionRules: Readonly<Record<string, Rule>> = {
  sum: fold('sum'),
  prod: fold('prod'),
  amax: fold('max'),
  amin: fold('min'),
  'max.reduction_no_dim': fold('max'),
  'min.reduction_no_dim': fold('min'),
  'max.reduction_with_dim': extremum('max'),
  'min.reduction_with_dim': extremum('min'),
  mean: fold('mean'),
  any: fold('any'),
  all: fold('all'),
  var: moment('var'),
  'var.unbiased': moment('var'),
  std: moment('std'),
  'std.unbiased': moment('std'),
  var_mean: moment('var', 'mean'),
  std_mean: moment('std', 'mean'),
  logsumexp: rule('dim keepdim', (call) => call.tensor().logSumExp(call.numbers('dim'), keep(call))),
  'linalg.vector_norm': rule('ord dim keepdim', (call) => norm(call, 'ord')),
  norm: rule('p dim keepdim', (call) => norm(call, 'p')),
  'norm.inf': rule('p dim keepdim', (call) => norm(call, 'p')),
  argmax: position('argmax'),
  argmin: position('argmin'),
  count_nonzero: rule('dim', (call) => call.tensor().ne(0).sum(axes(call))),
  cumsum: rule('dim', (call) => converted(call).cumsum(axis(call, 0))),
  cumprod: rule('dim', (call) => converted(call).cumprod(axis(call, 0))),
  sort: order,
  msort: rule('', (call) => call.tensor().sort(0).values),
  argsort: rule('dim descending stable', (call) => {
    call.ignore('stable');
    return call.tensor().argsort(axis(call, -1), { descending: call.truth('descending') });
  }),
  topk: rule('k dim largest sorted', (call) => {
    call.ignore('sorted');
    const { values, indices } = call
      .tensor()
      .topK(call.number('k'), axis(call, -1), { largest: call.truth('largest', true) });
    return [values, indices];
  }),
  softmax: rule('dim', (call) => converted(call).softmax(axis(call, -1))),
  'softmax.with_dtype': rule('dim', (call) => converted(call).softmax(axis(call, -1))),
  log_softmax: rule('dim', (call) => converted(call).logSoftmax(axis(call, -1))),
  'log_softmax.with_dtype': rule('dim', (call) => converted(call).logSoftmax(axis(call, -1))),
  'nn.functional.softmin': rule('dim', (call) => converted(call).neg().softmax(axis(call, -1))),
  'nn.functional.normalize': rule('p dim eps', (call) => {
    const x = call.tensor();
    const length = x.norm(call.number('p', 2), call.number('dim', 1), { keepDims: true });
    return x.div(length.clamp(call.number('eps', 1e-12)));
  }),
};
