/** What trains: a loss, an optimizer, an initialiser, a metric and a schedule. */
import {
  ConfigError,
  SGD,
  type InitialiserType,
  type LossType,
  type Optimizer,
  type OptimizerType,
  type ScheduleType,
} from '@espalier/nn';
import type { MetricType } from '@espalier/optimize';
import { full, fullLike, stack } from '@espalier/tensor';

/** log cosh of the error, which is its square near 0 and its magnitude far away. */
export const logCosh: LossType = {
  type: 'log-cosh',
  loss: (output, target) => {
    const error = output.sub(target);
    return error.abs().add(error.abs().mul(-2).exp().add(1).log()).sub(Math.LN2).mean();
  },
};

/** Descent by half of what it is told. */
export const cautious: OptimizerType = {
  type: 'cautious',
  create: ({ lr }): Optimizer => {
    if (typeof lr !== 'number') throw new ConfigError('cautious.lr', 'must be a number');
    return new SGD({ lr: lr / 2 });
  },
};

/** As much for each weight as there are inputs. */
export const even: InitialiserType = {
  type: 'even',
  create: () => ({
    settings: {},
    initialise: (shape, { fanIn }, { device, dtype }) => full(shape, 1 / fanIn, { device, dtype }),
  }),
};

/** Down to half and up again, over and over. */
export const zigzag: ScheduleType = {
  type: 'zigzag',
  create: ({ period = 4 }, where) => {
    if (!Number.isSafeInteger(period) || Number(period) < 1)
      throw new ConfigError(`${where}.period`, 'must be a whole number of at least 1');
    return {
      at: (step) => 0.5 + Math.abs((step % Number(period)) / Number(period) - 0.5),
      config: () => ({ type: 'zigzag', period }),
    };
  },
};

/** Which part of the examples is met, less the part that is missed. */
export const balance: MetricType = {
  type: 'balance',
  targets: 'classes',
  metric: {
    statistic: {
      shape: () => [2],
      count: (output, target) => {
        const met = output.argmax(1).eq(target).cast('f32').sum();
        return stack([met, fullLike(met, target.size)]);
      },
    },
    value: ([met = 0, all = 0]) => (2 * met) / all - 1,
    direction: 'maximize',
  },
};
