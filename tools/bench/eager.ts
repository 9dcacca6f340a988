/**
 * Training without `compile`: `npm run bench:eager -- [OPTIMIZER …] [--steps N]`.
 *
 * The time of N steps, loss read at each, over the time of ten runs of N / 10 steps: near 1 if a step costs what it costs
 * however many came before it. Each figure is the median of five rounds in which both are measured in turn, in and out of
 * `scope`. The last column is the most memory that was alive on the device beyond what was at the start.
 */
import { buildOptimizer, Parameter } from '@espalier/nn';
import { Generator, gradients, memory, randn, scope, tensor } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';

const optimizers: Readonly<Record<string, { readonly type: string; readonly lr: number; readonly momentum?: number }>> =
  {
    sgd: { type: 'sgd', lr: 0.01 },
    momentum: { type: 'sgd', lr: 0.01, momentum: 0.9 },
    adamw: { type: 'adamw', lr: 0.001 },
    rmsprop: { type: 'rmsprop', lr: 0.001 },
  };
const { words, wholeNumbers } = commandLine(
  'bench:eager',
  { steps: '1000' },
  { what: 'optimizer', names: Object.keys(optimizers) },
);
const [steps = 0] = wholeNumbers('steps') ?? [];
const rounds = 5;

/** Trains a layer of 64 by 64 weights on 32 examples; milliseconds, and bytes alive at most. */
function train(optimizer: string, count: number, inScope: boolean): { milliseconds: number; bytes: number } {
  const generator = new Generator(1);
  const [weights, bias] = [new Parameter(randn([64, 64], { generator })), new Parameter(tensor([0]))];
  const x = randn([32, 64], { generator }).realizeSync();
  const parameters = [weights.tensor, bias.tensor];
  const rule = buildOptimizer(optimizers[optimizer] ?? { type: optimizer }).attach(
    new Map(Object.entries({ weights, bias })),
  );
  const before = memory().bytes;
  let bytes = 0;
  const step = (): void => {
    const loss = x.matmul(weights.tensor).add(bias.tensor).relu().square().mean();
    rule.step(gradients(loss, parameters));
    loss.itemSync();
  };
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    if (inScope) scope(step);
    else step();
    bytes = Math.max(bytes, memory().bytes - before);
  }
  const milliseconds = performance.now() - start;
  rule.detach();
  for (const value of [...parameters, x]) value.dispose();
  return { milliseconds, bytes };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

console.log(
  `${'optimizer'.padEnd(20)}${'ms a step'.padStart(10)}${`${steps} / 10 × ${steps / 10}`.padStart(18)}${'MiB'.padStart(8)}`,
);
for (const optimizer of words)
  for (const inScope of [true, false]) {
    train(optimizer, steps / 10, inScope);
    const [ratios, times, most]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      let short = 0;
      for (let run = 0; run < 10; run++) short += train(optimizer, steps / 10, inScope).milliseconds;
      const { milliseconds, bytes } = train(optimizer, steps, inScope);
      ratios.push(milliseconds / short);
      times.push(milliseconds / steps);
      most.push(bytes);
    }
    console.log(
      `${`${optimizer}${inScope ? ', in scope' : ''}`.padEnd(20)}${median(times).toFixed(3).padStart(10)}${median(ratios).toFixed(2).padStart(18)}${(Math.max(...most) / 2 ** 20).toFixed(2).padStart(8)}`,
    );
  }
