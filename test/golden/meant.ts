// Where we differ from PyTorch on purpose. A row that no sample needs any more fails the tests: it has to go.
import { golden, type Encoded, type GoldenTensor, type Sample } from './file.ts';
import type { Outcome, Verdict } from './check.ts';

/** One way in which we differ. */
export interface MeantDifference {
  /** PyTorch's names; all of them where it is left out. */
  readonly ops?: readonly string[];
  /** Which of the op's samples it is about; all where it is left out. */
  readonly when?: (sample: Sample) => boolean;
  readonly verdict: Verdict;
  readonly reason: string;
}

const isTensor = (part: Encoded | undefined): part is { readonly tensor: number } =>
  typeof part === 'object' && part !== null && 'tensor' in part;

function tensorsOf(value: Encoded | undefined): GoldenTensor[] {
  if (isTensor(value)) return [golden.tensors[value.tensor] as GoldenTensor];
  return Array.isArray(value) ? (value as readonly Encoded[]).flatMap(tensorsOf) : [];
}

const tensors = (sample: Sample): GoldenTensor[] => [
  ...tensorsOf(sample.args),
  ...Object.values(sample.kwargs ?? {}).flatMap(tensorsOf),
];
const input = (sample: Sample): GoldenTensor | undefined => tensorsOf(sample.args[0])[0];
const rank = (sample: Sample): number | undefined => input(sample)?.[1].length;

const isBool = ({ dtype }: Sample): boolean => dtype === 'bool';
const isSmall = ({ dtype }: Sample): boolean => dtype === 'u8' || dtype === 'i8';
const isInteger = ({ dtype }: Sample): boolean => dtype !== undefined && dtype !== 'float';
const hasNaN = (sample: Sample): boolean => tensors(sample).some(([, , data]) => data.includes('nan'));
const leavesTheRange =
  (low: number, high: number) =>
  (sample: Sample): boolean =>
    sample.dtype === 'float' &&
    tensors(sample).some(([, , data]) => data.some((value) => !(Number(value) >= low && Number(value) <= high)));
const refuses =
  (words: string) =>
  ({ error }: Sample): boolean =>
    error !== undefined && error.includes(words);

const extremes = ['minimum', 'maximum', 'min.binary', 'max.binary', 'clamp_min', 'clamp_max'];

/** The one table of differences that are meant. */
export const meantDifferences: readonly MeantDifference[] = [
  // Axes and shapes.
  {
    when: (sample) => rank(sample) === 0,
    verdict: 'refused',
    reason: 'a scalar has no axes, as in NumPy; PyTorch lets axis 0 of a scalar pass',
  },
  {
    ops: ['squeeze', 'squeeze.multiple'],
    when: (sample) => rank(sample) !== 0,
    verdict: 'refused',
    reason: 'an axis that is named but not of size 1 is an error, as in NumPy; PyTorch leaves it silently',
  },
  {
    ops: ['t'],
    when: refuses('<= 2'),
    verdict: 'accepted',
    reason: 't() swaps the last two axes of any tensor, as mT does',
  },
  {
    ops: ['cat'],
    when: (sample) => tensors(sample).some(([, shape]) => shape.join() === '0'),
    verdict: 'refused',
    reason: 'PyTorch skips vectors of no elements of whatever rank, which it calls legacy behaviour',
  },
  {
    ops: ['gather'],
    when: (sample) => tensors(sample).some(([, shape]) => shape.includes(0)),
    verdict: 'refused',
    reason: 'an index has the rank of what it reads, also when it is empty',
  },
  {
    ops: ['nn.functional.embedding'],
    when: refuses('must be 2-D'),
    verdict: 'accepted',
    reason: 'take reads slices of a tensor of any rank',
  },
  {
    ops: ['nn.functional.batch_norm'],
    when: (sample) => rank(sample) === 1,
    verdict: 'refused',
    reason: 'a batch has its channels at axis 1',
  },
  {
    ops: ['nn.functional.max_pool2d'],
    when: refuses('optional 0 dim batch size'),
    verdict: 'accepted',
    reason: 'images of no elements are pooled to images of no elements',
  },

  // Dtypes.
  {
    ops: ['add', 'mul', '__radd__', '__rmul__', ...extremes, 'sign', 'sgn', 'masked_fill', 'outer', 'scatter_add'],
    when: isBool,
    verdict: 'value',
    reason: 'arithmetic counts truth values as 0 and 1 in i32; logic has its own functions',
  },
  {
    ops: ['neg'],
    when: refuses('bool tensor'),
    verdict: 'accepted',
    reason: 'arithmetic counts truth values as 0 and 1 in i32',
  },
  {
    ops: ['pow'],
    when: isInteger,
    verdict: 'value',
    reason: 'powers of integers are floats, since the value decides whether there is an integer',
  },
  {
    ops: ['matmul', '__rmatmul__', 'mm', 'bmm', 'mv', 'dot', 'inner', 'einsum', 'nn.functional.linear'],
    when: isSmall,
    verdict: 'value',
    reason: 'products of 8-bit integers are summed and given in 32 bits, where PyTorch wraps',
  },
  {
    ops: ['any', 'all'],
    when: ({ dtype }) => dtype === 'u8',
    verdict: 'value',
    reason: 'truth is bool; PyTorch keeps u8 for old masks',
  },
  {
    ops: ['mean'],
    when: refuses('dtype'),
    verdict: 'accepted',
    reason: 'the mean of integers is a float',
  },
  {
    ops: ['where'],
    when: (sample) => typeof sample.args[0] === 'number' && !isTensor(sample.args[2]),
    verdict: 'value',
    reason: 'two numbers beside a condition are f32, as every number that no tensor stands beside',
  },
  {
    ops: ['nn.functional.one_hot'],
    verdict: 'value',
    reason: 'rows of 0 and 1 are f32, ready for a product',
  },
  {
    ops: ['arange'],
    when: ({ kwargs }) => kwargs?.['dtype'] === undefined,
    verdict: 'value',
    reason: 'what is made of numbers is f32 unless said otherwise',
  },
  {
    ops: [...extremes, 'atan2', 'logical_and', 'logical_or', 'logical_xor'],
    when: ({ error, args }) => error !== undefined && typeof args[1] === 'number',
    verdict: 'accepted',
    reason: 'every operand may be a number',
  },
  {
    ops: ['nn.functional.conv2d'],
    when: refuses('should be the same'),
    verdict: 'accepted',
    reason: 'operands of two dtypes are promoted',
  },
  {
    ops: ['byte'],
    when: leavesTheRange(0, 255),
    verdict: 'value',
    reason: 'floats outside of a dtype saturate; PyTorch leaves undefined what they become',
  },
  {
    ops: ['char'],
    when: leavesTheRange(-128, 127),
    verdict: 'value',
    reason: 'floats outside of 32 bits saturate first; PyTorch leaves undefined what they become',
  },
  {
    ops: ['int'],
    when: leavesTheRange(-(2 ** 31), 2 ** 31 - 1),
    verdict: 'value',
    reason: 'floats outside of a dtype saturate; PyTorch leaves undefined what they become',
  },

  {
    ops: ['rsub', 'full_like', 'arange', 'linspace'],
    when: isInteger,
    verdict: 'refused',
    reason: 'a number that an integer dtype cannot hold is an error, as in NumPy 2; PyTorch wraps and truncates',
  },

  // Values.
  {
    ops: ['var', 'std', 'var_mean', 'std_mean'],
    when: ({ kwargs }) => Number(kwargs?.['correction']) < 0,
    verdict: 'refused',
    reason: 'a negative correction is a mistake',
  },
  {
    ops: ['nn.functional.layer_norm'],
    when: ({ kwargs }) => Number(kwargs?.['eps']) < 0,
    verdict: 'refused',
    reason: 'a negative epsilon is a mistake',
  },
  {
    ops: ['sign', 'sgn'],
    when: hasNaN,
    verdict: 'value',
    reason: 'the sign of NaN is NaN, as in NumPy; PyTorch gives 0',
  },
  {
    ops: ['abs', 'nn.functional.elu', 'nn.functional.selu'],
    when: hasNaN,
    verdict: 'gradient',
    reason: 'the slope at NaN is NaN, so that it is seen',
  },
  {
    ops: ['nn.functional.silu', 'nn.functional.mish'],
    when: (sample) => tensors(sample).some(([, , data]) => data.includes('-inf')),
    verdict: 'value',
    reason: 'at -∞ the value is the limit, 0; PyTorch gives -∞ · 0, NaN',
  },
  {
    ops: ['clamp', 'clamp_min', 'clamp_max'],
    when: (sample) => tensors(sample).length > 1,
    verdict: 'gradient',
    reason: 'bounds that are tensors are maximum and minimum, which share the gradient where both sides are equal',
  },
  {
    ops: ['topk'],
    verdict: 'value',
    reason: 'of equal elements the first is named; PyTorch says nothing about which',
  },

  // What has no words.
  {
    ops: ['__getitem__'],
    verdict: 'inexpressible',
    reason:
      'an index by truth values has a size that depends on values, which a graph cannot know; several index tensors at once are a take of the flattened axes',
  },
  {
    ops: ['nn.functional.max_pool2d'],
    when: ({ kwargs }) => kwargs?.['return_indices'] === true,
    verdict: 'inexpressible',
    reason: 'positions of maxima serve unpooling, which we do not have',
  },

  // What is no mistake with us.
  {
    ops: ['arange'],
    when: refuses('inconsistent with step sign'),
    verdict: 'accepted',
    reason: 'a range in the wrong direction is empty, as in NumPy and Python',
  },
  {
    ops: ['linspace'],
    when: refuses('invalid combination of arguments'),
    verdict: 'accepted',
    reason: '1.0 is an integer in JavaScript',
  },
  {
    ops: ['masked_fill'],
    when: refuses('0-dimensional value'),
    verdict: 'accepted',
    reason: 'values of any shape that broadcasts are filled in by where',
  },
];

/** The row that a difference stands in, if it is meant. */
export function meant({ op, sample, verdict }: Outcome): MeantDifference | undefined {
  return meantDifferences.find(
    (row) => row.verdict === verdict && (row.ops?.includes(op) ?? true) && (row.when?.(sample) ?? true),
  );
}
