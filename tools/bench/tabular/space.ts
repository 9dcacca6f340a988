/** The space of the tabular benchmark: 4^5 = 1,024 tiny networks, their initialisers and training strategies. */
import { choice, space } from '@espalier/search';

/** Every network of the table. */
export const tabularSpace = space({
  depth: choice([1, 2, 3, 4]),
  width: choice([4, 8, 16, 32]),
  activation: choice(['relu', 'tanh', 'silu', 'sigmoid']),
  initialiser: choice(['xavier-uniform', 'kaiming-normal', 'orthogonal', 'small-normal']),
  training: choice(['sgd-0.1', 'momentum-0.05', 'adam-0.003', 'adam-0.01']),
});

/** A network of the table. */
export type TabularConfig = ReturnType<typeof tabularSpace.at>;

/** Sizes of the task: MNIST's digits, averaged over blocks of 4 × 4 pixels. */
export const task = { inputs: 49, classes: 10, train: 2000, validation: 1000, epochs: 8, batch: 32, seeds: 3 } as const;

/** Parameters of a network, and multiply-accumulates of one pass forward: the cost of an epoch is in proportion. */
export function sizeOf({ depth, width }: Pick<TabularConfig, 'depth' | 'width'>): {
  readonly parameters: number;
  readonly macs: number;
} {
  const widths = [task.inputs, ...Array.from({ length: depth }, () => width), task.classes];
  const macs = widths.slice(1).reduce((sum, out, index) => sum + out * (widths[index] ?? 0), 0);
  return { macs, parameters: macs + widths.slice(1).reduce((sum, out) => sum + out, 0) };
}
