/** What training and measuring are given, checked before anything is done: a wrong option must not train in another way. */
import { ArgumentError } from '@espalier/tensor';
import {
  aBoolean,
  aFunction,
  anObject,
  brief,
  aPositiveInteger,
  aText,
  check,
  refuse,
  ruleOf,
  satisfies,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { aLoss, aSeed, integerFrom, numberThat } from '../config/rules.ts';
import type { Dataset } from '../data/dataset.ts';
import { someTaps } from '../module/call-context.ts';
import type { Module } from '../module/module.ts';
import { clipRules } from '../optim/clip.ts';
import { anOptimizer } from '../optim/rule.ts';
import { aSchedule } from '../schedule/schedule.ts';
import { aSignal } from './signal.ts';
import type { CheckpointOptions, EarlyStopping, FitOptions } from './options.ts';
import { aDataset } from '../data/rule.ts';
import { aModule } from '../module/rule.ts';

/** @throws {ArgumentError} for data without an example: there is nothing to say of it. */
function checkExamples(operation: string, place: string, { size }: Dataset): void {
  if (size < 1) throw new ArgumentError(operation, `${place} has no example`);
}

/** A group of options, which are checked one by one. */
const group = <T>(example: string): Rule<T> => ruleOf(`an object such as ${example}`, anObject.holds);
const callback = <Called>(): Rule<Called> => ruleOf(aFunction.is, aFunction.holds);

const fitRules: OptionRules<FitOptions> = {
  loss: aLoss,
  optimizer: anOptimizer,
  epochs: integerFrom(0),
  batchSize: aPositiveInteger,
  dropLast: aBoolean,
  seed: aSeed,
  shuffle: aBoolean,
  schedule: aSchedule,
  clip: group('{ norm: 1 }'),
  validate: aDataset,
  // Each of them is checked by itself.
  metrics: ruleOf('metrics by name', () => true),
  earlyStopping: group("{ metric: 'loss', patience: 3 }"),
  onEvent: callback(),
  divergence: ruleOf("'stop' or 'ignore'", (value) => value === 'stop' || value === 'ignore'),
  beforeStep: callback(),
  onGradients: callback(),
  taps: someTaps,
  progressEvery: numberThat('of at least 0', (value) => value >= 0),
  checkpoint: group('{ save }'),
  resume: ruleOf('the bytes of a checkpoint', (value) => value instanceof Uint8Array),
  signal: aSignal,
};

const earlyStoppingRules: OptionRules<EarlyStopping> = {
  metric: ruleOf("the name of a metric, or 'loss'", aText.holds),
  patience: aPositiveInteger,
  minDelta: numberThat('of at least 0', (value) => value >= 0),
  restoreBest: aBoolean,
};

const checkpointRules: OptionRules<CheckpointOptions> = {
  every: aPositiveInteger,
  everySteps: aPositiveInteger,
  save: callback(),
};

/** @throws {ArgumentError} for an option that is wrong, missing or unknown: one that is misspelt would be ignored. */
function checkFields<Options extends object>(
  operation: string,
  place: string,
  options: Options,
  rules: OptionRules<Options>,
  required: readonly (keyof Options)[],
): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined)
    throw new ArgumentError(
      operation,
      `${place}${brief(unknown)} is no option; there are ${Object.keys(rules).join(', ')}`,
    );
  for (const [name, must] of Object.entries<Rule<unknown>>(rules)) {
    const value: unknown = options[name as keyof Options];
    if (value === undefined ? !required.includes(name as keyof Options) : satisfies(must, value)) continue;
    refuse(operation, `${place}${name}`, value, must.is);
  }
}

/** @throws {ArgumentError} naming the option, unless all that a training is given is what it should be. */
export function checkTraining(model: Module, data: Dataset, options: FitOptions): void {
  checkModelAndData('fit', model, data);
  check<object>('fit', 'options', options, anObject);
  checkFields('fit', '', options, fitRules, ['loss', 'optimizer', 'epochs']);
  const { clip, earlyStopping, checkpoint, validate } = options;
  if (validate) checkExamples('fit', 'validate', validate);
  if (clip) checkFields('fit', 'clip.', clip, clipRules, []);
  if (earlyStopping) checkFields('fit', 'earlyStopping.', earlyStopping, earlyStoppingRules, ['metric', 'patience']);
  if (checkpoint) checkFields('fit', 'checkpoint.', checkpoint, checkpointRules, ['save']);
}

/** @throws {ArgumentError} unless a model can be measured on data. */
export function checkMeasuring(operation: string, model: Module, data: Dataset, batchSize: number): void {
  checkModelAndData(operation, model, data);
  checkExamples(operation, 'the data', data);
  check(operation, 'batchSize', batchSize, aPositiveInteger);
}

function checkModelAndData(operation: string, model: unknown, data: unknown): void {
  check(operation, 'the model', model, aModule);
  check(operation, 'the data', data, aDataset);
}
