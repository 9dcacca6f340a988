/** Movement ops of the public table; none of them rounds. */
import { concat, stack } from '../../functions/join.ts';
import type { PadOptions } from '../../tensor/movement-methods.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Attributes } from '../../graph/op.ts';
import type { Chooser, OpEntry, Values } from '../domain.ts';
import { between } from '../elementwise/define.ts';

interface Drawn {
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: Attributes;
}

function entry(name: string, summary: string, run: OpEntry['run'], draw: (choose: Chooser) => Drawn): OpEntry {
  const cases = (
    choose: Chooser,
    kinds: Parameters<Chooser['dtype']>[0],
    values: Values,
  ): ReturnType<OpEntry['domain']> => {
    const { shapes, attributes } = draw(choose);
    const dtype = choose.dtype(kinds);
    return { inputs: shapes.map((shape) => ({ shape, dtype, values })), attributes };
  };
  return {
    name,
    family: 'movement',
    summary,
    run,
    domain: (choose) => cases(choose, ['float', 'signed', 'unsigned', 'bool'], { kind: 'any' }),
    smooth: (choose) => cases(choose, ['float'], between(-2, 2)),
    tolerance: { ulps: 0 },
  };
}

const numbers = (value: unknown): readonly number[] => value as readonly number[];
const single = ([x]: readonly Tensor[]): Tensor => x as Tensor;

/** The axes 0 to rank - 1 in some order. */
function shuffled(choose: Chooser, rank: number): number[] {
  const rest = Array.from({ length: rank }, (_, axis) => axis);
  const order: number[] = [];
  while (rest.length > 0) order.push(...rest.splice(choose.integer(0, rest.length - 1), 1));
  return order;
}

/** Views, paddings and joins. */
export const movementTable: readonly OpEntry[] = [
  entry(
    'reshape',
    'the same elements in another shape',
    (inputs, { shape }) => single(inputs).reshape(numbers(shape)),
    (choose) => {
      const from = choose.shape({ minSize: 1 });
      // Neighbouring axes merged, or one split by a divisor.
      const merged = from.reduce<number[]>(
        (sizes, size) =>
          sizes.length > 0 && choose.boolean()
            ? [...sizes.slice(0, -1), (sizes.at(-1) as number) * size]
            : [...sizes, size],
        [],
      );
      const shape = merged.flatMap((size) => (size % 2 === 0 && choose.boolean() ? [size / 2, 2] : [size]));
      return { shapes: [from], attributes: { shape } };
    },
  ),
  entry(
    'permute',
    'axes in another order',
    (inputs, { axes }) => single(inputs).permute(numbers(axes)),
    (choose) => {
      const shape = choose.shape();
      return { shapes: [shape], attributes: { axes: shuffled(choose, shape.length) } };
    },
  ),
  entry(
    'expand',
    'repeated along axes of size 1',
    (inputs, { shape }) => single(inputs).expand(numbers(shape)),
    (choose) => {
      const to = choose.shape({ minSize: 1 });
      const from = to.slice(choose.integer(0, to.length)).map((size) => (choose.boolean() ? 1 : size));
      return { shapes: [from], attributes: { shape: to } };
    },
  ),
  entry(
    'slice',
    'every step-th element between bounds',
    (inputs, { start, stop, step }) => single(inputs).slice(numbers(start), numbers(stop), numbers(step)),
    (choose) => {
      const shape = choose.shape({ minRank: 1, minSize: 1 });
      return {
        shapes: [shape],
        attributes: {
          start: shape.map((size) => choose.integer(0, size)),
          stop: shape.map((size) => choose.integer(0, size)),
          step: shape.map(() => choose.pick([1, 2, 3, -1, -2])),
        },
      };
    },
  ),
  entry(
    'flip',
    'reversed along axes',
    (inputs, { axes }) => single(inputs).flip(numbers(axes)),
    (choose) => {
      const shape = choose.shape();
      return { shapes: [shape], attributes: { axes: shape.flatMap((_, axis) => (choose.boolean() ? [axis] : [])) } };
    },
  ),
  entry(
    'pad',
    'with a value, a mirror or a copy of its own around',
    (inputs, { widths, mode, value }) =>
      single(inputs).pad(widths as [number, number][], { mode, value } as PadOptions),
    (choose) => {
      const shape = choose.shape();
      const mode = choose.pick(['constant', 'constant', 'reflect', 'replicate', 'circular'] as const);
      const most = (size: number): number =>
        mode === 'reflect' ? Math.min(2, size - 1) : mode === 'circular' || size === 0 ? Math.min(2, size) : 2;
      return {
        shapes: [shape],
        attributes: {
          mode,
          value: choose.pick([0, 1]),
          widths: shape.map((size) =>
            mode === 'constant'
              ? [choose.integer(-Math.floor(size / 2), 2), choose.integer(0, 2)]
              : [choose.integer(0, Math.max(0, most(size))), choose.integer(0, Math.max(0, most(size)))],
          ),
        },
      };
    },
  ),
  entry(
    'tile',
    'repeated as a whole',
    (inputs, { repeats }) => single(inputs).tile(numbers(repeats)),
    (choose) => {
      const shape = choose.shape({ maxRank: 3 });
      return { shapes: [shape], attributes: { repeats: shape.map(() => choose.integer(1, 3)) } };
    },
  ),
  entry(
    'repeatInterleave',
    'each element repeated in place',
    (inputs, { times, axis }) => single(inputs).repeatInterleave(times as number | number[], axis as number),
    (choose) => {
      const shape = choose.shape({ minRank: 1, maxRank: 3 });
      const axis = choose.integer(0, shape.length - 1);
      const each = Array.from({ length: shape[axis] as number }, () => choose.integer(0, 2));
      return { shapes: [shape], attributes: { times: choose.boolean() ? each : choose.integer(1, 3), axis } };
    },
  ),
  entry(
    'windows',
    'sliding windows over trailing axes',
    (inputs, { kernel, stride, dilation }) =>
      single(inputs).windows(numbers(kernel), { stride: numbers(stride), dilation: numbers(dilation) }),
    (choose) => {
      const rank = choose.integer(1, 2);
      const sizes = Array.from({ length: rank }, () => choose.integer(3, 7));
      return {
        shapes: [[choose.integer(1, 3), ...sizes]],
        attributes: {
          kernel: sizes.map(() => choose.integer(1, 2)),
          stride: sizes.map(() => choose.integer(1, 3)),
          dilation: sizes.map(() => choose.integer(1, 2)),
        },
      };
    },
  ),
  entry(
    'split',
    'cut into parts along an axis',
    (inputs, { size, axis }) => single(inputs).split(size as number, axis as number),
    (choose) => {
      const shape = choose.shape({ minRank: 1, minSize: 1 });
      return { shapes: [shape], attributes: { size: choose.integer(1, 4), axis: choose.integer(0, shape.length - 1) } };
    },
  ),
  entry(
    'concat',
    'joined along an axis',
    (inputs, { axis }) => concat(inputs, axis as number),
    (choose) => {
      const shape = choose.shape({ minRank: 1 });
      const axis = choose.integer(0, shape.length - 1);
      const shapes = Array.from({ length: choose.integer(1, 3) }, () =>
        shape.map((size, a) => (a === axis ? choose.integer(0, 4) : size)),
      );
      return { shapes, attributes: { axis } };
    },
  ),
  entry(
    'stack',
    'joined along a new axis',
    (inputs, { axis }) => stack(inputs, axis as number),
    (choose) => {
      const shape = choose.shape({ maxRank: 3 });
      return {
        shapes: Array.from({ length: choose.integer(1, 3) }, () => shape),
        attributes: { axis: choose.integer(0, shape.length) },
      };
    },
  ),
];
