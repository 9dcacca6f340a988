/** Whole training steps: forward, backward and a plain SGD update of a perceptron, of LeNet-5 and of a small GPT. */
import type { Operand, Problem } from '../problem.ts';
import { filled, indices, normal, stream, uniform, type Stream } from '../random.ts';
import type { Row } from '../row.ts';

/** A batch, its labels, and parameters in the order in which the forward pass meets them. */
function training(
  op: string,
  [inputs, labels]: readonly [Operand, Operand],
  parameters: readonly Operand[],
  settings: Problem['settings'] = {},
): Problem {
  const problem = {
    op,
    operands: [inputs, labels, ...parameters],
    settings: { rate: 0.05, ...settings },
  };
  return {
    ...problem,
    expected: async () => {
      const { lossInDoubles } = await import('../espalier/models.ts');
      return new Map([[0, await lossInDoubles(problem)]]);
    },
  };
}

/** Weights as He et al. scale them. */
const weight = (next: Stream, shape: readonly number[], inputs: number): Operand =>
  normal(next, shape, Math.sqrt(2 / inputs));

const dense = (next: Stream, sizes: readonly number[]): readonly Operand[] =>
  sizes.slice(1).flatMap((to, index) => {
    const from = sizes[index] ?? 0;
    return [weight(next, [from, to], from), filled([to], 0)];
  });

function mlp(): Problem {
  const next = stream(1);
  const batch = 128;
  return training(
    'mlp',
    [uniform(next, [batch, 784], 0, 1), indices(next, [batch], 10)],
    dense(next, [784, 300, 100, 10]),
  );
}

function lenet(): Problem {
  const next = stream(2);
  const batch = 64;
  return training(
    'lenet',
    [uniform(next, [batch, 1, 28, 28], 0, 1), indices(next, [batch], 10)],
    [
      weight(next, [6, 1, 5, 5], 25),
      filled([6], 0),
      weight(next, [16, 6, 5, 5], 150),
      filled([16], 0),
      ...dense(next, [400, 120, 84, 10]),
    ],
  );
}

const [layers, heads, width, length, batch, vocabulary] = [4, 4, 128, 128, 8, 512];

function gpt(): Problem {
  const next = stream(3);
  const matrix = (from: number, to: number): Operand => normal(next, [from, to], 1 / Math.sqrt(from));
  const norm = (): readonly Operand[] => [filled([width], 1), filled([width], 0)];
  const layer = (): readonly Operand[] => [
    ...norm(),
    matrix(width, 3 * width),
    matrix(width, width),
    ...norm(),
    matrix(width, 4 * width),
    matrix(4 * width, width),
  ];
  return training(
    'gpt',
    [indices(next, [batch, length], vocabulary), indices(next, [batch, length], vocabulary)],
    [
      normal(next, [vocabulary, width], 0.1),
      normal(next, [length, width], 0.1),
      ...Array.from({ length: layers }, layer).flat(),
      ...norm(),
      matrix(width, vocabulary),
    ],
    { layers, heads },
  );
}

/** Training steps. */
export const trainingRows: readonly Row[] = [
  {
    name: 'train-mlp',
    sizes: '784-300-100-10, batch 128, SGD',
    problem: mlp,
    targets: { js: 2.5, native: 0.75 },
  },
  {
    name: 'train-lenet',
    sizes: 'LeNet-5 with max pooling, 28×28, batch 64, SGD',
    problem: lenet,
    targets: { js: 60, native: 0.75, threads: 1.7 },
  },
  {
    name: 'train-gpt',
    sizes: `${layers} layers of width ${width}, ${heads} heads, ${batch}×${length} tokens of ${vocabulary}, SGD`,
    problem: gpt,
    targets: { js: 2.8, native: 0.75, threads: 1.7 },
  },
];
