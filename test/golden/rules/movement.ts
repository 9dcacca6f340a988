// PyTorch's views, joins and indices as ours.
import { concat, isTensor, stack, type Tensor } from '@espalier/tensor';
import { Inexpressible, Slice, type Call } from '../call.ts';
import { rule, type Rule } from './rule.ts';

/** PyTorch's widths are pairs from the last axis on. */
function widthsOf(call: Call): [number, number][] {
  const flat = call.numbers('pad') ?? [];
  return Array.from({ length: flat.length / 2 }, (_, pair): [number, number] => [
    flat[2 * pair] as number,
    flat[2 * pair + 1] as number,
  ]).toReversed();
}

const pad = rule('pad value', (call) => call.tensor().pad(widthsOf(call), call.number('value', 0)));
const padding = rule('pad mode value', (call) => {
  const mode = call.word('mode', 'constant');
  return mode === 'constant'
    ? call.tensor().pad(widthsOf(call), call.number('value', 0))
    : call.tensor().pad(widthsOf(call), { mode: mode as 'reflect' | 'replicate' | 'circular' });
});

const split = rule('sizes dim', (call) => {
  const sizes = call.any('sizes') ?? call.any('split_size_or_sections') ?? call.any('split_sizes');
  const list = Array.isArray(sizes) ? sizes.map(Number) : Number(sizes);
  return call.tensor().split(list, call.number('dim', 0));
});

/** PyTorch's `x[index]`, one entry of the index an axis. */
function indexed(x: Tensor, index: readonly unknown[]): Tensor {
  const named = index.filter((part) => part !== null && !(part instanceof Slice && part.whole)).length;
  const entries = index.flatMap((part) =>
    part instanceof Slice && part.whole ? Array.from({ length: x.rank - named }, () => new Slice([])) : [part],
  );
  if (index.filter(isTensor).length > 1) throw new Inexpressible('several index tensors at once');
  let axis = 0;
  return entries.reduce<Tensor>((result, part) => {
    if (part === null) return result.unsqueeze(axis++);
    if (typeof part === 'number') return result.select(axis, part);
    if (isTensor(part) && part.dtype !== 'bool') {
      const taken = result.take(wrapped(part, result.shape[axis] as number), axis);
      axis += part.rank;
      return taken;
    }
    if (!(part instanceof Slice)) throw new Inexpressible('an index by truth values has a size that depends on them');
    const lead = new Array<undefined>(axis).fill(undefined);
    axis++;
    return result.slice([...lead, part.start], [...lead, part.stop], [...lead, part.step]);
  }, x);
}

/** PyTorch counts negative indices from the end; ours have to be counted by hand. */
const wrapped = (index: Tensor, size: number): Tensor => index.add(size).where(index.lt(0), index);

const same = rule('', (call) => call.tensor());
const reshape = rule('shape', (call) => call.tensor().reshape(call.rest('shape')));
const expand = rule('shape', (call) => call.tensor().expand(call.rest('shape')));

/** By PyTorch's name. */
export const movementRules: Readonly<Record<string, Rule>> = {
  reshape,
  view: reshape,
  flatten: rule('start_dim end_dim', (call) =>
    call.tensor().flatten(call.number('start_dim', 0), call.number('end_dim', -1)),
  ),
  ravel: rule('', (call) => call.tensor().flatten()),
  squeeze: rule('dim', (call) => call.tensor().squeeze(call.numbers('dim'))),
  'squeeze.multiple': rule('dim', (call) => call.tensor().squeeze(call.numbers('dim'))),
  unsqueeze: rule('dim', (call) => call.tensor().unsqueeze(call.number('dim'))),
  permute: rule('dims', (call) => call.tensor().permute(call.rest('dims'))),
  transpose: rule('dim0 dim1', (call) => call.tensor().transpose(call.number('dim0'), call.number('dim1'))),
  t: rule('', (call) => (call.tensor().rank < 2 ? call.tensor() : call.tensor().t())),
  T: rule('', (call) =>
    call.tensor().permute(
      call
        .tensor()
        .shape.map((_, axis) => axis)
        .toReversed(),
    ),
  ),
  mT: rule('', (call) => call.tensor().t()),
  expand,
  broadcast_to: expand,
  narrow: rule('dim start length', (call) =>
    call.tensor().narrow(call.number('dim'), call.number('start'), call.number('length')),
  ),
  select: rule('dim index', (call) => call.tensor().select(call.number('dim'), call.number('index'))),
  slice: rule('dim start end step', (call) => {
    const lead = new Array<undefined>(call.number('dim', 0)).fill(undefined);
    const at = (name: string): (number | undefined)[] => [...lead, call.number(name, undefined)];
    return call.tensor().slice(at('start'), at('end'), at('step'));
  }),
  flip: rule('dims', (call) => call.tensor().flip(call.rest('dims'))),
  fliplr: rule('', (call) => call.tensor().flip(1)),
  flipud: rule('', (call) => call.tensor().flip(0)),
  constant_pad_nd: pad,
  'nn.functional.pad.constant': padding,
  'nn.functional.pad.reflect': padding,
  'nn.functional.pad.replicate': padding,
  'nn.functional.pad.replicate_negative': padding,
  'nn.functional.pad.circular': padding,
  tile: rule('dims', (call) => call.tensor().tile(call.rest('dims'))),
  repeat: rule('dims', (call) => {
    const [x, times] = [call.tensor(), call.rest('dims')];
    return x.tile(times);
  }),
  repeat_interleave: rule('repeats dim', (call) => {
    const repeats = call.numbers('repeats') ?? [];
    const times = isTensor(call.any('repeats')) && repeats.length > 1 ? repeats : (repeats[0] as number);
    call.ignore('output_size');
    return call.has('dim')
      ? call.tensor().repeatInterleave(times, call.number('dim'))
      : call.tensor().flatten().repeatInterleave(times, 0);
  }),
  split,
  'split.list_args': split,
  split_with_sizes: split,
  chunk: rule('chunks dim', (call) => call.tensor().chunk(call.number('chunks'), call.number('dim', 0))),
  unfold: rule('dimension size step', (call) => {
    const x = call.tensor();
    const axis = call.number('dimension');
    const windows = x.transpose(axis, -1).windows([call.number('size')], { stride: call.number('step') });
    return windows.transpose(axis < 0 ? axis - 1 : axis, -2);
  }),
  __getitem__: rule('index', (call) => {
    const index = call.any('index');
    return indexed(call.tensor(), Array.isArray(index) ? index : [index]);
  }),
  unflatten: rule('dim sizes', (call) => {
    const x = call.tensor();
    const dim = call.number('dim');
    const axis = dim < 0 ? dim + x.rank : dim;
    return x.reshape([...x.shape.slice(0, axis), ...(call.numbers('sizes') ?? []), ...x.shape.slice(axis + 1)]);
  }),
  cat: { names: ['tensors', 'dim'], run: (call) => concat(call.list('tensors'), call.number('dim', 0)) },
  stack: { names: ['tensors', 'dim'], run: (call) => stack(call.list('tensors'), call.number('dim', 0)) },
  hstack: {
    names: ['tensors'],
    run: (call) => {
      const parts = call.list('tensors').map((part) => (part.rank === 0 ? part.reshape(1) : part));
      return concat(parts, parts[0]?.rank === 1 ? 0 : 1);
    },
  },
  vstack: {
    names: ['tensors'],
    run: (call) => concat(call.list('tensors').map((part) => (part.rank < 2 ? part.reshape(1, -1) : part))),
  },
  clone: same,
  contiguous: same,
  index_select: rule('dim index', (call) => {
    const x = call.tensor();
    return x.take(call.tensor('index'), call.number('dim'));
  }),
  gather: rule('dim index', (call) => call.tensor().gather(call.number('dim'), call.tensor('index'))),
  scatter_add: rule('dim index src', (call) =>
    call.tensor().scatterAdd(call.number('dim'), call.tensor('index'), call.tensor('src')),
  ),
  take_along_dim: rule('indices dim', (call) => {
    const index = call.tensor('indices');
    if (!call.has('dim')) return call.tensor().flatten().gather(0, index.flatten());
    const axis = call.number('dim');
    const off = (shape: readonly number[]): number[] =>
      shape.map((size, a) => (a === (axis + shape.length) % shape.length ? -1 : size));
    const common = (a: readonly number[], b: readonly number[]): number[] =>
      off(a).map((size, at) => (size === -1 ? -1 : Math.max(size, b[at] as number)));
    const x = call.tensor();
    const moved = wrapped(index, x.shape.at(axis) as number);
    return x.expand(common(x.shape, moved.shape)).gather(axis, moved.expand(common(moved.shape, x.shape)));
  }),
  'nn.functional.embedding': rule('weight', (call) => {
    // PyTorch's padding index has no gradient; renormalising changes the weight in place.
    const weight = call.tensor('input');
    return weight.take(call.tensor('weight'));
  }),
  'nn.functional.one_hot': rule('num_classes', async (call) => {
    const classes = call.number('num_classes', -1);
    return call.tensor().oneHot(classes === -1 ? (await call.tensor().max().item()) + 1 : classes);
  }),
};
