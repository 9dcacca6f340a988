/** What the options of passes may be, as JSON Schema (draft 2020-12). Each pass checks its own; these are for editors and programs. */
import { cacheNumbers, type Json } from '@espalier/nn';

/** A JSON Schema. */
export type Schema = { readonly [key: string]: Json };

const number = (bounds: Schema = {}): Schema => ({ type: 'number', ...bounds });
const whole = (minimum: number): Schema => ({ type: 'integer', minimum });
const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const oneOf = (...words: readonly (string | number)[]): Schema => ({ enum: words });
const either = (...schemas: readonly Schema[]): Schema => ({ anyOf: schemas });
const listOf = (items: Schema, minItems?: number): Schema => ({ type: 'array', items, ...(minItems && { minItems }) });

/** An object of these and no others, some of which have to be there. */
const object = (properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...(required.length > 0 && { required }),
});

/** Something with a type and options that depend on it. */
const typed: Schema = { type: 'object', properties: { type: text }, required: ['type'] };

const patterns: Schema = {
  ...listOf(text),
  description: 'Patterns over names of parameters: * stands for any characters, /…/ is a regular expression.',
};
const filter = { include: patterns, exclude: patterns } as const;

const share = number({ minimum: 0, exclusiveMaximum: 1 });
/** One for all, or by patterns over names. */
const perTensor = (each: Schema): Schema => either(each, { type: 'object', additionalProperties: each });
const examples = object({ examples: whole(1) }, 'examples');
const bits = oneOf(2, 3, 4, 8);
/** Columns that share a scale, as `int4` has them. */
const columns = oneOf(...Array.from({ length: 13 }, (_, power) => 2 ** (power + 4)));
const scales = oneOf('f32', 'f16');
const observer = either(text, typed);

const trainingOptions = {
  epochs: whole(0),
  batchSize: whole(1),
  optimizer: typed,
  schedule: either(text, typed),
  loss: text,
} as const;
const training = object(trainingOptions);

/** A number, or one that moves in the course of the training. */
const course = (bounds: Schema): Schema =>
  either(
    number(bounds),
    object(
      {
        from: number(bounds),
        to: number(bounds),
        shape: oneOf('linear', 'cosine'),
        begin: number({ minimum: 0, maximum: 1 }),
        end: number({ minimum: 0, maximum: 1 }),
      },
      'from',
      'to',
    ),
  );

const ranking = {
  method: text,
  scope: oneOf('global', 'local'),
  pattern: text,
  minimum: perTensor(number({ minimum: 0, maximum: 1 })),
  maximum: perTensor(number({ minimum: 0, maximum: 1 })),
  calibrate: examples,
} as const;

const pruningSchedule = object(
  {
    shape: oneOf('one-shot', 'linear', 'cubic', 'exponential'),
    initial: share,
    begin: number({ minimum: 0, maximum: 1 }),
    end: number({ minimum: 0, maximum: 1 }),
    updates: whole(1),
  },
  'shape',
);

/** A layer of a table that was measured. */
const measured: Schema = {
  type: 'object',
  properties: { name: text, options: listOf({ type: 'object' }) },
  required: ['name', 'options'],
};

/** The options of the passes of this package, by type. */
export const optionSchemas: Readonly<Record<string, Schema>> = {
  prune: object({
    sparsity: perTensor(share),
    ...ranking,
    schedule: either(oneOf('one-shot', 'linear', 'cubic', 'exponential'), pruningSchedule),
    train: training,
    ...filter,
  }),
  lottery: object(
    {
      rounds: whole(1),
      share: perTensor(share),
      rewindTo: whole(0),
      rewind: oneOf('weights', 'rate'),
      ...ranking,
      train: training,
      ...filter,
    },
    'rounds',
  ),
  quantize: object({
    weights: text,
    activations: either(
      oneOf('dynamic', 'static'),
      object({ type: oneOf('dynamic', 'static'), observer, zeros: flag, examples: whole(1) }, 'type'),
    ),
    train: training,
    steps: oneOf('fixed', 'learned'),
    correctBiases: either(flag, examples),
    granularity: oneOf('tensor', 'channel', 'group', 'fitting'),
    group: whole(1),
    zeros: flag,
    keepSums: flag,
    observer,
    calibrate: either(flag, examples),
    ...filter,
  }),
  distill: object({
    teacher: either(
      oneOf('original', 'given', 'self'),
      listOf(
        object({ teacher: oneOf('original', 'given'), name: text, weight: number({ exclusiveMinimum: 0 }) }, 'teacher'),
        1,
      ),
    ),
    temperature: course({ exclusiveMinimum: 0 }),
    alpha: course({ minimum: 0, maximum: 1 }),
    ignoreIndex: { type: 'integer' },
    matches: listOf(
      object(
        { teacher: text, student: text, loss: text, weight: course({ minimum: 0 }), project: flag, of: whole(0) },
        'teacher',
        'student',
      ),
    ),
    exits: listOf(object({ at: text, weight: course({ minimum: 0 }) }, 'at')),
    chorus: oneOf('losses', 'logits'),
    weakTeacher: oneOf('ignore', 'refuse', 'use'),
    student: either(oneOf('again'), typed),
    train: training,
  }),
  finetune: object(trainingOptions),
  'low-rank': object({
    rank: whole(1),
    alpha: number({ exclusiveMinimum: 0 }),
    others: oneOf('none', 'vectors'),
    ...filter,
  }),
  encode: object({ format: text, options: { type: 'object' }, ...filter }, 'format'),
  cluster: object({
    bits: perTensor({ type: 'integer', minimum: 1, maximum: 8 }),
    start: oneOf('exact', 'density', 'linear', 'random', 'k-means++'),
    train: training,
    ...filter,
  }),
  mixed: object({
    bits: number({ exclusiveMinimum: 0 }),
    bytes: number({ exclusiveMinimum: 0 }),
    options: listOf(typed, 1),
    table: object({ model: text, layers: listOf(measured), by: oneOf('loss', 'outputs') }, 'layers'),
    by: oneOf('loss', 'outputs'),
    examples: whole(1),
    ...filter,
  }),
  gptq: object({
    bits,
    group: columns,
    scales,
    zeros: flag,
    actOrder: flag,
    staticGroups: flag,
    steps: oneOf('fixed', 'learned'),
    clip: flag,
    damping: number({ minimum: 0, maximum: 1 }),
    calibrate: examples,
    ...filter,
  }),
  awq: object({
    bits,
    group: columns,
    scales,
    zeros: flag,
    clip: flag,
    foldedOnly: flag,
    calibrate: examples,
    ...filter,
  }),
  hqq: object({ bits, group: columns, scales, zeros: flag, ...filter }),
  fold: object(filter),
  equalize: object({ rounds: whole(1), ...filter }),
  'smooth-quant': object({
    alpha: number({ minimum: 0, maximum: 1 }),
    foldedOnly: flag,
    calibrate: examples,
    ...filter,
  }),
  'sparse-gpt': object({
    sparsity: share,
    pattern: text,
    bits,
    group: columns,
    scales,
    damping: number({ minimum: 0, maximum: 1 }),
    refit: whole(0),
    calibrate: examples,
    ...filter,
  }),
  shrink: object(
    {
      ratio: share,
      structure: either(oneOf('neuron', 'channel', 'head'), listOf(oneOf('neuron', 'channel', 'head'), 1)),
      method: text,
      scope: oneOf('local', 'global', 'isomorphic'),
      minimum: share,
      maximum: share,
      roundTo: whole(1),
      recalibrate: whole(0),
      calibrate: examples,
      train: training,
      ...filter,
    },
    'ratio',
  ),
  'quantize-cache': object({ numbers: oneOf(...cacheNumbers), ...filter }),
  'drop-layers': object({ ratio: share, calibrate: examples, train: training, ...filter }, 'ratio'),
  wanda: object({ sparsity: share, pattern: text, calibrate: examples, ...filter }),
};
