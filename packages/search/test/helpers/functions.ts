import { choice, float, int, space, type Space } from '@espalier/search';

/** A function to minimise in closed form, with its smallest value. */
export interface ClosedForm {
  readonly name: string;
  readonly space: Space;
  readonly minimum: number;
  value(config: never): number;
}

function closedForm<Config extends Readonly<Record<string, unknown>>>(
  name: string,
  domain: Space<Config & Parameters<Space['key']>[0]>,
  minimum: number,
  value: (config: Config) => number,
): ClosedForm {
  return { name, space: domain, minimum, value };
}

const branin = closedForm('Branin', space({ x: float(-5, 10), y: float(0, 15) }), 0.39788735772973816, ({ x, y }) => {
  const b = 5.1 / (4 * Math.PI ** 2);
  return (y - b * x * x + (5 / Math.PI) * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
});

const hartmannA = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const hartmannP = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];
const hartmann6 = closedForm(
  'Hartmann-6',
  space({ x0: float(0, 1), x1: float(0, 1), x2: float(0, 1), x3: float(0, 1), x4: float(0, 1), x5: float(0, 1) }),
  -3.3223680114155147,
  (config) => {
    const x = Object.values(config);
    return [1, 1.2, 3, 3.2].reduce((sum, alpha, row) => {
      const inner = x.reduce((s, v, j) => s + (hartmannA[row]?.[j] ?? 0) * (v - (hartmannP[row]?.[j] ?? 0)) ** 2, 0);
      return sum - alpha * Math.exp(-inner);
    }, 0);
  },
);

const sphere10 = closedForm(
  'sphere-10',
  space(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`x${index}`, float(-5, 5)]))),
  0,
  (config) => Object.values(config).reduce((sum, value) => sum + (value - 1) ** 2, 0),
);

/** A training run in miniature: a logarithmic rate, a whole number, a choice, and a branch of its own parameters. */
const mixed = closedForm(
  'mixed',
  space({
    lr: float(1e-5, 1, { log: true }),
    layers: int(1, 8),
    optimizer: choice({
      sgd: { momentum: float(0, 1) },
      adam: { beta2: float(0.9, 0.9999) },
      rms: { beta2: float(0.9, 0.9999) },
    }),
  }),
  0,
  ({ lr, layers, optimizer }) =>
    0.05 +
    (Math.log10(lr) + 2.5) ** 2 +
    0.5 * (layers - 3) ** 2 +
    { sgd: 0.3, adam: 0, rms: 0.15 }[optimizer.type] +
    (optimizer.type === 'sgd' ? 2 * (optimizer.momentum - 0.9) ** 2 - 0.35 : 100 * (optimizer.beta2 - 0.999) ** 2),
);

/** The functions that strategies are compared on. */
export const closedForms: readonly ClosedForm[] = [branin, hartmann6, sphere10, mixed];
