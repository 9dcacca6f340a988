/** Element-wise ops of the public table, derived from their entries. */
import { isFloat, type DType } from '../../dtype/dtype.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { applyElementwise } from '../../tensor/apply-elementwise.ts';
import type { Chooser, InputCase, OpEntry, Values } from '../domain.ts';
import { between } from '../elementwise/define.ts';
import { elementwiseEntries } from '../elementwise/entries.ts';
import { tableEntry } from '../elementwise/table-entry.ts';

const dtypePairs = (choose: Chooser): { from: DType; to: DType } => ({
  from: choose.dtype(['float', 'signed', 'unsigned', 'bool']),
  to: choose.dtype(['float', 'signed', 'unsigned', 'bool']),
});

const input = (shape: readonly number[], dtype: DType, values: Values): InputCase => ({ shape, dtype, values });

const special: readonly OpEntry[] = [
  {
    name: 'cast',
    family: 'elementwise',
    summary: 'the same values in another dtype',
    run: ([x], { dtype }) => (x as Tensor).cast(dtype as DType),
    domain: (choose) => {
      const { from, to } = dtypePairs(choose);
      // 8-bit and 32-bit integers wrap or saturate; which values survive is part of the definition, so any will do.
      return {
        inputs: [input(choose.shape(), from, isFloat(from) && !isFloat(to) ? between(-200, 200) : { kind: 'any' })],
        attributes: { dtype: to },
      };
    },
    smooth: (choose) => ({ inputs: [input(choose.shape(), 'f32', between(-2, 2))], attributes: { dtype: 'f64' } }),
    tolerance: { ulps: 0 },
  },
  {
    name: 'roundDecimals',
    family: 'elementwise',
    summary: 'rounded to places after, or before, the point',
    run: ([x], { decimals }) => (x as Tensor).round(decimals as number),
    domain: (choose) => ({
      // Between two multiples of the step nothing rounds both ways.
      inputs: [input(choose.shape(), choose.dtype(['float']), { kind: 'integers', low: -99, high: 99 })],
      attributes: { decimals: choose.pick([-1, 1, 3]) },
    }),
    tolerance: { ulps: 4 },
  },
  {
    name: 'where',
    family: 'elementwise',
    summary: 'one of two tensors, element by element',
    run: ([condition, a, b]) => (a as Tensor).where(condition as Tensor, b as Tensor),
    domain: (choose) => {
      const [first, second] = choose.broadcastable();
      const dtype = choose.dtype(['float', 'signed', 'unsigned', 'bool']);
      return {
        inputs: [
          input(first, 'bool', { kind: 'any' }),
          input(second, dtype, { kind: 'any' }),
          input(first, dtype, { kind: 'any' }),
        ],
        attributes: {},
      };
    },
    smooth: (choose) => {
      const [first, second] = choose.broadcastable();
      return {
        inputs: [
          input(first, 'bool', { kind: 'any' }),
          input(second, 'f64', between(-2, 2)),
          input(first, 'f64', between(-2, 2)),
        ],
        attributes: {},
      };
    },
    tolerance: { ulps: 0 },
  },
];

/** One entry per element-wise op. */
export const elementwiseTable: readonly OpEntry[] = [
  ...Object.entries(elementwiseEntries).map(([name, entry]) =>
    tableEntry(name, entry, (inputs, attributes) => applyElementwise(name, inputs, attributes)),
  ),
  ...special,
];
