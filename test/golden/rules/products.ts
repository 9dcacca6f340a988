// PyTorch's products, layers and losses as ours.
import { avgPool2d, batchNorm, conv2d, einsum, layerNorm, maxPool2d, type Size2d, type Tensor } from '@espalier/tensor';
import { bceWithLogits, crossEntropy, huber, klDivergence, l1, mse, type LossOptions } from '@espalier/nn';
import { Inexpressible, type Call } from '../call.ts';
import { rule, type Rule } from './rule.ts';

/** One number for both axes, or two. */
function size(call: Call, name: string): Size2d | undefined {
  const numbers = call.numbers(name);
  if (!numbers || numbers.length === 0) return undefined;
  return numbers.length === 1 ? numbers[0] : [numbers[0] as number, numbers[1] as number];
}

/** Options that are there, by our name and PyTorch's. */
function given(call: Call, names: Readonly<Record<string, string>>, read: (name: string) => unknown): object {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, theirs]) => (call.has(theirs) ? [[name, read(theirs)]] : [])),
  );
}

const tensors = (call: Call, names: Readonly<Record<string, string>>): object =>
  given(call, names, (name) => call.tensor(name));

const matmul = rule('other', (call) => call.tensor().matmul(call.tensor('other')));
const reduction = (call: Call): LossOptions => ({
  ...(call.has('reduction') && { reduction: call.word('reduction', 'mean') as 'mean' }),
});
const loss = (of: (output: Tensor, target: Tensor, options: LossOptions) => Tensor): Rule =>
  rule('target', (call) => of(call.tensor(), call.tensor('target'), reduction(call)));

/** Images without a batch are batches of one. */
function batched(x: Tensor, apply: (x: Tensor) => Tensor): Tensor {
  return x.rank === 3 ? apply(x.unsqueeze(0)).squeeze(0) : apply(x);
}

/** By PyTorch's name. */
export const productRules: Readonly<Record<string, Rule>> = {
  matmul,
  mm: matmul,
  bmm: matmul,
  mv: matmul,
  __rmatmul__: rule('other', (call) => call.tensor('other').matmul(call.tensor())),
  dot: rule('other', (call) => call.tensor().dot(call.tensor('other'))),
  outer: rule('other', (call) => call.tensor().outer(call.tensor('other'))),
  inner: rule('other', (call) => {
    const [a, b] = [call.tensor(), call.tensor('other')];
    if (a.rank === 0 || b.rank === 0) return a.mul(b);
    return einsum('...i,ai->...a', a, b.reshape(-1, b.shape.at(-1) as number)).reshape([
      ...a.shape.slice(0, -1),
      ...b.shape.slice(0, -1),
    ]);
  }),
  einsum: {
    names: ['operands', 'equation'],
    run: (call) => einsum(call.word('equation', ''), ...call.list('operands')),
  },
  'nn.functional.linear': rule('weight bias', (call) => {
    const weight = call.tensor('weight');
    const product = call.tensor().matmul(weight.rank === 1 ? weight : weight.t());
    const bias = call.optionalTensor('bias');
    return bias ? product.add(bias) : product;
  }),
  'nn.functional.conv2d': rule('weight bias stride padding dilation groups', (call) => {
    const padding = call.any('padding');
    const options = {
      ...tensors(call, { bias: 'bias' }),
      ...given(call, { stride: 'stride', dilation: 'dilation' }, (name) => size(call, name)),
      ...given(call, { groups: 'groups' }, (name) => call.number(name)),
      ...given(call, { padding: 'padding' }, (name) => (typeof padding === 'string' ? padding : size(call, name))),
    };
    return batched(call.tensor(), (x) => conv2d(x, call.tensor('weight'), options));
  }),
  'nn.functional.max_pool2d': rule('kernel_size stride padding dilation ceil_mode return_indices', (call) => {
    if (call.truth('return_indices')) throw new Inexpressible('positions of the largest elements');
    return maxPool2d(call.tensor(), {
      kernel: size(call, 'kernel_size') as Size2d,
      ...given(call, { stride: 'stride', padding: 'padding', dilation: 'dilation' }, (name) => size(call, name)),
      ...(call.truth('ceil_mode') && { ceilMode: true }),
    });
  }),
  'nn.functional.avg_pool2d': rule('kernel_size stride padding ceil_mode count_include_pad divisor_override', (call) =>
    avgPool2d(call.tensor(), {
      kernel: size(call, 'kernel_size') as Size2d,
      ...given(call, { stride: 'stride', padding: 'padding' }, (name) => size(call, name)),
      ...(call.truth('ceil_mode') && { ceilMode: true }),
      countPadding: call.truth('count_include_pad', true),
      ...(call.has('divisor_override') && { divisor: call.number('divisor_override') }),
    }),
  ),
  'nn.functional.layer_norm': rule('normalized_shape weight bias eps', (call) => {
    const shape = call.numbers('normalized_shape') ?? [];
    return layerNorm(call.tensor(), {
      axes: shape.map((_, axis) => axis - shape.length),
      ...tensors(call, { weight: 'weight', bias: 'bias' }),
      ...(call.has('eps') && { epsilon: call.number('eps') }),
    });
  }),
  'nn.functional.batch_norm': rule('running_mean running_var weight bias training momentum eps', (call) => {
    call.ignore('momentum', 'running_mean', 'running_var');
    return batchNorm(call.tensor(), {
      ...tensors(call, { weight: 'weight', bias: 'bias' }),
      ...(call.has('eps') && { epsilon: call.number('eps') }),
      ...(!call.truth('training') && tensors(call, { mean: 'running_mean', variance: 'running_var' })),
    }).output;
  }),
  'nn.functional.cross_entropy': rule('target', (call) => {
    // PyTorch has the classes at axis 1, we have them last.
    const last = (x: Tensor): Tensor =>
      x.rank < 3 ? x : x.permute([0, ...x.shape.map((_, axis) => axis).slice(2), 1]);
    const target = call.tensor('target');
    return crossEntropy(last(call.tensor()), target.rank === call.tensor().rank ? last(target) : target, {
      ...reduction(call),
      ...tensors(call, { weight: 'weight' }),
      ...given(call, { ignoreIndex: 'ignore_index', labelSmoothing: 'label_smoothing' }, (name) => call.number(name)),
    });
  }),
  'nn.functional.binary_cross_entropy_with_logits': rule('target weight', (call) =>
    bceWithLogits(call.tensor(), call.tensor('target'), {
      ...reduction(call),
      ...tensors(call, { weight: 'weight', positiveWeight: 'pos_weight' }),
    }),
  ),
  'nn.functional.mse_loss': loss(mse),
  'nn.functional.l1_loss': loss(l1),
  'nn.functional.huber_loss': rule('target reduction delta weight', (call) =>
    huber(call.tensor(), call.tensor('target'), {
      ...reduction(call),
      ...(call.has('delta') && { delta: call.number('delta') }),
    }),
  ),
  'nn.functional.kl_div': rule('target', (call) => {
    const word = call.word('reduction', 'mean');
    return klDivergence(call.tensor(), call.tensor('target'), {
      reduction: word === 'batchmean' ? 'batch-mean' : (word as 'mean'),
      logTarget: call.truth('log_target'),
    });
  }),
};
