/** Ops along the rows of a matrix: softmax and its logarithm, norms, cross-entropy and its gradient. */
import { at, type Operand, type Problem } from '../problem.ts';
import { expectedAt, indices, stream, uniform } from '../random.ts';
import type { Row } from '../row.ts';

const [height, width] = [4096, 1024];
const epsilon = 1e-5;

/** A problem of which each element of the result follows from its row. */
function alongRows(
  op: string,
  extra: (next: () => number) => readonly Operand[],
  element: (row: readonly number[], column: number, extra: readonly Operand[]) => number,
): Problem {
  const next = stream(op.length);
  const x = uniform(next, [height, width], -4, 4);
  const others = extra(next);
  const rowOf = (line: number): readonly number[] => [...x.values.subarray(line * width, (line + 1) * width)];
  return {
    op,
    operands: [x, ...others],
    settings: { epsilon },
    expected: () =>
      expectedAt(height * width, (index) => element(rowOf(Math.floor(index / width)), index % width, others)),
  };
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const mass = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + Math.exp(each), 0);
const weight = (next: () => number): readonly Operand[] => [uniform(next, [width], 0.5, 1.5)];
const weightAndBias = (next: () => number): readonly Operand[] => [
  uniform(next, [width], 0.5, 1.5),
  uniform(next, [width]),
];
const ofColumn = (extra: readonly Operand[], index: number, column: number): number =>
  at(extra[index]?.values ?? [], column);

const [examples, classes] = [512, 32_000];

/** Mean cross-entropy of 512 rows over 32,000 classes, or its gradient towards the scores. */
function crossEntropy(op: 'cross-entropy' | 'cross-entropy-gradient'): Problem {
  const next = stream(classes);
  const x = uniform(next, [examples, classes], -4, 4);
  const targets = indices(next, [examples], classes);
  const masses = Array.from({ length: examples }, (_, row) =>
    x.values.subarray(row * classes, (row + 1) * classes).reduce((sum, value) => sum + Math.exp(value), 0),
  );
  const loss = (): number =>
    mean(masses.map((total, row) => Math.log(total) - at(x.values, row * classes + at(targets.values, row))));
  const slope = (index: number): number => {
    const [row, column] = [Math.floor(index / classes), index % classes];
    const share = Math.exp(at(x.values, index)) / at(masses, row);
    return (share - Number(column === at(targets.values, row))) / examples;
  };
  const hits = masses.map((_, row) => row * classes + at(targets.values, row));
  return {
    op,
    operands: [x, targets],
    settings: {},
    expected: () =>
      op === 'cross-entropy'
        ? new Map([[0, loss()]])
        : new Map([...expectedAt(examples * classes, slope), ...hits.map((hit) => [hit, slope(hit)] as const)]),
  };
}

const targets = { js: 1.1, native: 0, f16: 1 / 1.1, threads: 1.6 };
const sizes = `${height}×${width}`;

/** Ops along rows. */
export const alongRowsRows: readonly Row[] = [
  {
    name: 'softmax',
    sizes,
    problem: () =>
      alongRows(
        'softmax',
        () => [],
        (row, column) => Math.exp(at(row, column)) / mass(row),
      ),
    targets,
  },
  {
    name: 'log-softmax',
    sizes,
    problem: () =>
      alongRows(
        'log-softmax',
        () => [],
        (row, column) => at(row, column) - Math.log(mass(row)),
      ),
    targets,
  },
  {
    name: 'layer-norm',
    sizes: `${sizes}, with weight and bias`,
    problem: () =>
      alongRows('layer-norm', weightAndBias, (row, column, extra) => {
        const centre = mean(row);
        const variance = mean(row.map((value) => (value - centre) ** 2));
        const normal = (at(row, column) - centre) / Math.sqrt(variance + epsilon);
        return normal * ofColumn(extra, 0, column) + ofColumn(extra, 1, column);
      }),
    targets,
  },
  {
    name: 'rms-norm',
    sizes: `${sizes}, with weight`,
    problem: () =>
      alongRows('rms-norm', weight, (row, column, extra) => {
        const square = mean(row.map((value) => value ** 2));
        return (at(row, column) / Math.sqrt(square + epsilon)) * ofColumn(extra, 0, column);
      }),
    targets,
  },
  { name: 'cross-entropy', sizes: '512×32000', problem: () => crossEntropy('cross-entropy'), targets },
  {
    name: 'cross-entropy-gradient',
    sizes: '512×32000',
    problem: () => crossEntropy('cross-entropy-gradient'),
    targets,
  },
];
