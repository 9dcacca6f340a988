/** Indexing, running folds and sorting of the public table. */
import type { Tensor } from '../../tensor/tensor.ts';
import type { Case, Chooser, OpEntry, Values } from '../domain.ts';
import { between } from '../elementwise/define.ts';

const pairOf = ([a, b]: readonly Tensor[]): [Tensor, Tensor] => [a as Tensor, b as Tensor];
const all = ['float', 'signed', 'unsigned', 'bool'] as const;
/** Indices of which some lie outside, where reads give 0 and additions are dropped if a device computes them. */
const indices = (size: number, outside: boolean): Values => ({
  kind: 'integers',
  low: outside ? -1 : 0,
  high: outside ? size : size - 1,
});

/** The same values, which only the device knows. */
const computed = (index: Tensor): Tensor => index.add(0);

interface IndexRule {
  readonly name: string;
  readonly summary: string;
  readonly run: OpEntry['run'];
  readonly draw: (choose: Chooser, dtype: ReturnType<Chooser['dtype']>, values: Values) => Case;
  readonly kinds?: Parameters<Chooser['dtype']>[0];
  readonly values?: Values;
  readonly accumulated?: boolean;
}

function entry({
  name,
  summary,
  run,
  draw,
  kinds = all,
  values = { kind: 'any' },
  accumulated = false,
}: IndexRule): OpEntry {
  return {
    name,
    family: 'indexing',
    summary,
    run,
    domain: (choose) => draw(choose, choose.dtype(kinds), values),
    smooth: (choose) => draw(choose, choose.dtype(['float']), between(-2, 2)),
    tolerance: { ulps: accumulated ? 8 : 0, accumulated },
  };
}

function axisCase(choose: Chooser, minSize = 0): { shape: number[]; axis: number } {
  const shape = choose.shape({ minRank: 1, minSize });
  return { shape, axis: choose.integer(0, shape.length - 1) };
}

function scan(name: 'cumsum' | 'cumprod'): OpEntry {
  const values = name === 'cumsum' ? between(-10, 10) : between(0.8, 1.2);
  const draw = (choose: Chooser, kinds: Parameters<Chooser['dtype']>[0]): Case => {
    const { shape, axis } = axisCase(choose);
    return { inputs: [{ shape, dtype: choose.dtype(kinds), values }], attributes: { axis } };
  };
  return {
    name,
    family: 'indexing',
    summary: name === 'cumsum' ? 'running sum along an axis' : 'running product along an axis',
    run: ([x], { axis }) => (x as Tensor)[name](axis as number),
    domain: (choose) => draw(choose, name === 'cumsum' ? all : ['float']),
    smooth: (choose) => draw(choose, ['float']),
    tolerance: { ulps: 64, accumulated: true },
  };
}

function sorting(name: 'sort' | 'topK'): OpEntry {
  const draw = (choose: Chooser, kinds: Parameters<Chooser['dtype']>[0], values: Values): Case => {
    const { shape, axis } = axisCase(choose, 1);
    const best = choose.boolean();
    const attributes =
      name === 'sort'
        ? { axis, descending: best }
        : { axis, largest: best, k: choose.integer(0, shape[axis] as number) };
    return { inputs: [{ shape, dtype: choose.dtype(kinds), values }], attributes };
  };
  return {
    name,
    family: 'indexing',
    summary:
      name === 'sort'
        ? 'elements in order, with their positions'
        : 'the largest or smallest elements, with their positions',
    run: ([x], { axis, descending, largest, k }) => {
      const sorted =
        name === 'sort'
          ? (x as Tensor).sort(axis as number, { descending: descending === true })
          : (x as Tensor).topK(k as number, axis as number, { largest: largest === true });
      return [sorted.values, sorted.indices];
    },
    domain: (choose) => draw(choose, ['float', 'signed', 'unsigned'], { kind: 'any' }),
    smooth: (choose) => draw(choose, ['float'], { kind: 'distinct', gap: 0.05 }),
    tolerance: { ulps: 0 },
  };
}

/** Reading and adding at indices, running folds, and order. */
export const indexingTable: readonly OpEntry[] = [
  entry({
    name: 'take',
    summary: 'whole slices at indices',
    run: (inputs, { axis }) => {
      const [x, index] = pairOf(inputs);
      return x.take(computed(index), axis as number);
    },
    draw: (choose, dtype, values) => {
      const { shape, axis } = axisCase(choose, 1);
      return {
        inputs: [
          { shape, dtype, values },
          {
            shape: choose.shape({ maxRank: 2 }),
            dtype: 'i32',
            values: indices(shape[axis] as number, choose.boolean()),
          },
        ],
        attributes: { axis },
      };
    },
  }),
  entry({
    name: 'gather',
    summary: 'single elements at indices along an axis',
    run: (inputs, { axis }) => {
      const [x, index] = pairOf(inputs);
      return x.gather(axis as number, computed(index));
    },
    draw: (choose, dtype, values) => {
      const { shape, axis } = axisCase(choose, 1);
      const indexShape = shape.map((size, a) => (a === axis ? choose.integer(0, 5) : choose.integer(1, size)));
      return {
        inputs: [
          { shape, dtype, values },
          { shape: indexShape, dtype: 'i32', values: indices(shape[axis] as number, choose.boolean()) },
        ],
        attributes: { axis },
      };
    },
  }),
  entry({
    name: 'scatterAdd',
    summary: 'values added at indices along an axis',
    kinds: ['float', 'signed', 'unsigned'],
    values: between(-100, 100),
    accumulated: true,
    run: ([x, index, source], { axis }) =>
      (x as Tensor).scatterAdd(axis as number, computed(index as Tensor), source as Tensor),
    draw: (choose, dtype, values) => {
      const { shape, axis } = axisCase(choose, 1);
      const sourceShape = shape.map((size, a) => (a === axis ? choose.integer(0, 6) : choose.integer(1, size)));
      return {
        inputs: [
          { shape, dtype, values },
          { shape: sourceShape, dtype: 'i32', values: indices(shape[axis] as number, choose.boolean()) },
          { shape: sourceShape, dtype, values },
        ],
        attributes: { axis },
      };
    },
  }),
  {
    name: 'oneHot',
    family: 'indexing',
    summary: '1 at each index along a new axis',
    run: ([x], { classes }) => computed(x as Tensor).oneHot(classes as number),
    domain: (choose) => {
      const classes = choose.integer(1, 6);
      return {
        inputs: [{ shape: choose.shape({ maxRank: 3 }), dtype: 'i32', values: indices(classes, choose.boolean()) }],
        attributes: { classes },
      };
    },
    tolerance: { ulps: 0 },
  },
  scan('cumsum'),
  scan('cumprod'),
  sorting('sort'),
  sorting('topK'),
];
