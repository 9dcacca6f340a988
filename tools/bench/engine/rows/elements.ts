/** Ops of single elements, and sums: what the rate of memory or of elementary functions bounds. */
import { at, type Operand, type Problem } from '../problem.ts';
import { expectedAt, stream, uniform } from '../random.ts';
import type { Row } from '../row.ts';

const [height, width] = [4096, 1024];
const targets = { js: 1.1, native: 0, f16: 1 / 1.1, threads: 1.6 };
const sizes = `${height}×${width}`;

/** Operands of one shape, and what each element of the result is. */
function elements(
  op: string,
  count: number,
  range: readonly [number, number],
  element: (inputs: readonly number[]) => number,
): Problem {
  const next = stream(op.length);
  const operands: readonly Operand[] = Array.from({ length: count }, () => uniform(next, [height, width], ...range));
  return {
    op,
    operands,
    settings: {},
    expected: () => expectedAt(height * width, (index) => element(operands.map(({ values }) => at(values, index)))),
  };
}

/** A sum over one axis. */
function sum(op: 'sum-rows' | 'sum-columns'): Problem {
  const x = uniform(stream(op.length), [height, width], -4, 4);
  const total = (start: number, count: number, apart: number): number => {
    let result = 0;
    for (let index = 0; index < count; index++) result += at(x.values, start + index * apart);
    return result;
  };
  return {
    op,
    operands: [x],
    settings: {},
    expected: () =>
      op === 'sum-rows'
        ? expectedAt(height, (row) => total(row * width, width, 1))
        : expectedAt(width, (column) => total(column, height, width)),
  };
}

const gelu = (x: number): number => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const parameters = 10_000_000;
const rate = 1e-3;

/** One step of Adam: a parameter and its gradient. The first moves each by the rate against the sign. */
function adam(): Problem {
  const next = stream(parameters);
  const [p, g] = [uniform(next, [parameters]), uniform(next, [parameters])];
  return {
    op: 'adam',
    operands: [p, g],
    settings: { rate },
    expected: () =>
      expectedAt(parameters, (index) => {
        const slope = at(g.values, index);
        return at(p.values, index) - (rate * slope) / (Math.abs(slope) + 1e-8);
      }),
  };
}

/** Ops of elements, and sums. */
export const elementRows: readonly Row[] = [
  {
    name: 'gelu',
    sizes: `${sizes}, by tanh`,
    problem: () => elements('gelu', 1, [-4, 4], ([x = 0]) => gelu(x)),
    targets,
  },
  {
    name: 'multiply-add',
    sizes,
    problem: () => elements('multiply-add', 3, [-0.5, 0.5], ([x = 0, y = 0, z = 0]) => x * y + z),
    targets,
  },
  { name: 'sum-rows', sizes, problem: () => sum('sum-rows'), targets },
  { name: 'sum-columns', sizes, problem: () => sum('sum-columns'), targets },
  { name: 'adam', sizes: '10,000,000 parameters', problem: adam, targets },
];
