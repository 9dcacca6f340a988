/** The basic shapes. */
import { optional, parseFields, real, integer, type Fields } from '../config/fields.ts';
import type { Horizon, Schedule } from './schedule.ts';

/** Part of the way done, 0 to 1. */
function progress(step: number, { totalSteps }: Horizon): number {
  return Math.min(1, step / Math.max(1, totalSteps - 1));
}

/** From `from` to `to` along half a cosine. */
function cosineBetween(from: number, to: number, part: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * part))) / 2;
}

/** How a schedule is made from its options. */
interface ScheduleShape<Options extends object> {
  readonly type: string;
  readonly fields: Fields<Options>;
  readonly factor: (options: Required<Options>, step: number, horizon: Horizon) => number;
}

function make<Options extends object>(
  { type, fields, factor }: ScheduleShape<Options>,
  given: Options | undefined,
): Schedule {
  const options = parseFields<Options>(type, fields, given ?? {});
  return { at: (step, horizon) => factor(options, step, horizon), config: () => ({ type, ...options }) };
}

/** Always 1. */
export function constant(): Schedule {
  return make({ type: 'constant', fields: {}, factor: () => 1 }, {});
}

/** Options of a stepwise decay. */
export interface StepDecayOptions {
  /** Epochs between two steps down. */
  readonly every: number;
  /** Default: 0.1. */
  readonly factor?: number;
}

/** Times `factor` after every `every` epochs. */
export function stepDecay(options: StepDecayOptions): Schedule {
  const fields: Fields<StepDecayOptions> = { every: integer(1), factor: optional(real({ above: 0 }), 0.1) };
  return make(
    {
      type: 'step',
      fields,
      factor: ({ every, factor }, step, { stepsPerEpoch }) => factor ** Math.floor(step / (every * stepsPerEpoch)),
    },
    options,
  );
}

/** Options of an exponential decay. */
export interface ExponentialOptions {
  /** Per epoch. */
  readonly factor: number;
}

/** Times `factor` every epoch, a little in each step. */
export function exponential(options: ExponentialOptions): Schedule {
  const fields: Fields<ExponentialOptions> = { factor: real({ above: 0 }) };
  return make(
    { type: 'exponential', fields, factor: ({ factor }, step, { stepsPerEpoch }) => factor ** (step / stepsPerEpoch) },
    options,
  );
}

/** Options of a schedule that falls to an end. */
export interface DecayOptions {
  /** The factor of the last step. Default: 0. */
  readonly end?: number;
}

const decayFields: Fields<DecayOptions> = { end: optional(real({ least: 0 }), 0) };

/** From 1 to `end` along half a cosine. Source: I. Loshchilov and F. Hutter, "SGDR", ICLR 2017. */
export function cosine(options: DecayOptions = {}): Schedule {
  return make(
    {
      type: 'cosine',
      fields: decayFields,
      factor: ({ end }, step, horizon) => cosineBetween(1, end, progress(step, horizon)),
    },
    options,
  );
}

/** From 1 to `end` along a line. */
export function linear(options: DecayOptions = {}): Schedule {
  return make(
    {
      type: 'linear',
      fields: decayFields,
      factor: ({ end }, step, horizon) => 1 + (end - 1) * progress(step, horizon),
    },
    options,
  );
}

/** Options of one-cycle. */
export interface OneCycleOptions {
  /** Share of the steps on the way up. Default: 0.3. */
  readonly rise?: number;
  /** The factor of the first step. Default: 1/25. */
  readonly start?: number;
  /** The factor of the last step. Default: 4e-6. */
  readonly end?: number;
}

const oneCycleFields: Fields<OneCycleOptions> = {
  rise: optional(real({ above: 0, below: 1 }), 0.3),
  start: optional(real({ above: 0 }), 1 / 25),
  end: optional(real({ least: 0 }), 4e-6),
};

/**
 * Up from `start` to 1 and down to `end`, both along half a cosine; the learning rate is the peak.
 * Source: L. Smith and N. Topin, "Super-convergence", arXiv:1708.07120, with PyTorch's defaults.
 */
export function oneCycle(options: OneCycleOptions = {}): Schedule {
  const factor = ({ rise, start, end }: Required<OneCycleOptions>, step: number, { totalSteps }: Horizon): number => {
    // In trainings too short for a way up, only the way down is left.
    const peak = Math.max(0, rise * totalSteps - 1);
    if (step < peak) return cosineBetween(start, 1, step / peak);
    return cosineBetween(1, end, Math.min(1, (step - peak) / Math.max(1, totalSteps - 1 - peak)));
  };
  return make({ type: 'one-cycle', fields: oneCycleFields, factor }, options);
}
