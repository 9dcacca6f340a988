/** What training and measuring are given, checked before anything is done: a wrong option must not train in another way. */
import { ArgumentError } from '@espalier/tensor';
import { brief, show } from '../config/fields.ts';
import type { Dataset } from '../data/dataset.ts';
import { isRecord } from '../json.ts';
import type { Module } from '../module/module.ts';
import type { ClipOptions } from '../optim/clip.ts';
import type { CheckpointOptions, EarlyStopping, FitOptions } from './options.ts';

/** What a value must be: a test, and the end of the sentence "it must be …". */
interface Rule {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
  readonly required?: boolean;
}

/** A rule for every field. */
type Rules<Options> = Readonly<Record<keyof Options, Rule>>;

/** Throws ArgumentError for data without an example: there is nothing to say of it. */
function checkExamples(operation: string, place: string, { size }: Dataset): void {
  if (size < 1) throw new ArgumentError(operation, `${place} has no example`);
}

/** By what it can do, since an object of another copy of the package is as good. */
const hasMethods =
  (...names: readonly string[]): Rule['accepts'] =>
  (value) =>
    Object(value) === value && names.every((name) => typeof Reflect.get(value as object, name) === 'function');

const isDataset: Rule['accepts'] = (value) =>
  hasMethods('load', 'prepare')(value) && Number.isInteger(Reflect.get(value as object, 'size'));

const integer = (least: number): Rule => ({
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least,
  expected: `an integer of at least ${least}`,
});

const number = (expected: string, accepts: (value: number) => boolean): Rule => ({
  accepts: (value) => typeof value === 'number' && accepts(value),
  expected: `a number ${expected}`,
});

const object = (expected: string): Rule => ({ accepts: isRecord, expected });
const truth: Rule = { accepts: (value) => typeof value === 'boolean', expected: 'true or false' };
const callback: Rule = { accepts: (value) => typeof value === 'function', expected: 'a function' };
const required = (rule: Rule): Rule => ({ ...rule, required: true });

const fitRules: Rules<FitOptions> = {
  loss: required({ accepts: callback.accepts, expected: "a loss, such as crossEntropy or loss('mse')" }),
  optimizer: required({
    accepts: hasMethods('attach', 'step', 'setLearningRate'),
    expected: 'an optimizer, such as new Adam() or buildOptimizer({ type })',
  }),
  epochs: required(integer(0)),
  batchSize: integer(1),
  dropLast: truth,
  seed: { accepts: Number.isSafeInteger, expected: 'an integer' },
  shuffle: truth,
  schedule: {
    accepts: hasMethods('at', 'config'),
    expected: 'a schedule, such as cosine() or buildSchedule({ type })',
  },
  clip: object('an object such as { norm: 1 }'),
  validate: { accepts: isDataset, expected: 'a dataset' },
  // Each of them is checked by itself.
  metrics: { accepts: () => true, expected: 'metrics by name' },
  earlyStopping: object("an object such as { metric: 'loss', patience: 3 }"),
  onEvent: callback,
  divergence: { accepts: (value) => value === 'stop' || value === 'ignore', expected: "'stop' or 'ignore'" },
  beforeStep: callback,
  progressEvery: number('of at least 0', (value) => value >= 0),
  checkpoint: object('an object such as { save }'),
  resume: { accepts: (value) => value instanceof Uint8Array, expected: 'the bytes of a checkpoint' },
  signal: { accepts: (value) => Object(value) === value, expected: 'an AbortSignal' },
};

const clipRules: Rules<ClipOptions> = {
  norm: number('above 0', (value) => value > 0),
  value: number('above 0', (value) => value > 0),
};

const earlyStoppingRules: Rules<EarlyStopping> = {
  metric: required({ accepts: (value) => typeof value === 'string', expected: "the name of a metric, or 'loss'" }),
  patience: required(integer(1)),
  minDelta: number('of at least 0', (value) => value >= 0),
  restoreBest: truth,
};

const checkpointRules: Rules<CheckpointOptions> = {
  every: integer(1),
  everySteps: integer(1),
  save: required(callback),
};

/** Throws ArgumentError for a field that is wrong, missing or unknown: one that is misspelt would be ignored. */
function checkFields<Options extends object>(
  operation: string,
  place: string,
  options: Options,
  rules: Rules<Options>,
): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined)
    throw new ArgumentError(
      operation,
      `${place}${brief(unknown)} is no option; there are ${Object.keys(rules).join(', ')}`,
    );
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const value: unknown = options[name as keyof Options];
    if (value === undefined ? rule.required !== true : rule.accepts(value)) continue;
    throw new ArgumentError(operation, `${place}${name} is ${shown(value)}; it must be ${rule.expected}`);
  }
}

/** A value in an error: numbers that JSON has not, too, and of objects no more than that they are. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'function') return 'a function';
  if (Object(value) === value) return Array.isArray(value) ? 'a list' : 'an object of another kind';
  return show(value);
}

/** Throws ArgumentError, naming the option, unless all that a training is given is what it should be. */
export function checkTraining(model: Module, data: Dataset, options: FitOptions): void {
  checkModelAndData('fit', model, data);
  if (!isRecord(options)) throw new ArgumentError('fit', `the options are ${shown(options)}; they must be an object`);
  checkFields('fit', '', options, fitRules);
  const { clip, earlyStopping, checkpoint, validate } = options;
  if (validate) checkExamples('fit', 'validate', validate);
  if (clip) checkFields('fit', 'clip.', clip, clipRules);
  if (earlyStopping) checkFields('fit', 'earlyStopping.', earlyStopping, earlyStoppingRules);
  if (checkpoint) checkFields('fit', 'checkpoint.', checkpoint, checkpointRules);
}

/** Throws ArgumentError unless a model can be measured on data. */
export function checkMeasuring(operation: string, model: Module, data: Dataset, batchSize: number): void {
  checkModelAndData(operation, model, data);
  checkExamples(operation, 'the data', data);
  const rule = integer(1);
  if (!rule.accepts(batchSize))
    throw new ArgumentError(operation, `batchSize is ${shown(batchSize)}; it must be ${rule.expected}`);
}

function checkModelAndData(operation: string, model: unknown, data: unknown): void {
  if (!hasMethods('forward', 'namedParameters')(model))
    throw new ArgumentError(operation, `the model is ${shown(model)}; it must be a module, such as build({ type })`);
  if (!isDataset(data))
    throw new ArgumentError(operation, `the data is ${shown(data)}; it must be a dataset, such as tensorDataset(x, y)`);
}
