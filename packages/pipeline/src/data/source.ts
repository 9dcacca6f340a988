/** Where data comes from: sources by name, each with options of its own. */
import type { AugmentedDataset } from '@espalier/data';
import type { Dataset, Json } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import { aFunction, anObject, check } from '@espalier/tensor/arguments';
import { UsageError } from '../errors.ts';
import { problemOf, problemText, type Fields } from '../fields.ts';
import { createRegistry, namedRule } from '../registry.ts';
import type { ClassWeights } from './class-weights.ts';
import type { Again, Judge, PredictedColumn, Question } from './judgement.ts';

/** What there is to learn from and to be tested on. */
export interface Data {
  readonly train: Dataset;
  /** Where `train` is larger than memory and has an order of its own: some of its examples, in memory. */
  readonly sample?: Dataset;
  /** What decisions are made by, where the source parts it from the rest by itself. Default: training examples are held out. */
  readonly validate?: Dataset;
  /** No decision is made by it. */
  readonly test: Dataset;
  /** The shape of one example, such as [1, 28, 28]. */
  readonly input: readonly number[];
  /** Where targets are classes: how many there are. */
  readonly classes?: number;
  /** What the classes are called, in their order. Default: by their numbers. */
  readonly classNames?: readonly string[];
  /** How many examples of `train` each class has, where that is known without going through them. */
  readonly classCounts?: readonly number[];
  /** Where targets are numbers: how many an example has. Default 1. */
  readonly targets?: number;
  /** Training examples, or a part of them, changed anew with each step of a training by its seed; judged are those as they are. */
  readonly augment?: (train: Dataset, seed: number) => AugmentedDataset;
  /**
   * All examples but those of the test in so many folds, where how they are made is learnt: each is made when it is asked for, by what its
   * own training part shows; its `validate` is what it is judged by. Without it examples are as they are, whatever fold they are in.
   * @throws {UsageError} for more folds than there can be.
   */
  readonly folds?: (count: number) => Promise<readonly (() => Promise<Data>)[]>;
  /** How examples were made of what was read, where that is learnt: it is saved with each model, for predictions. */
  readonly preparation?: Json;
}

/** The same with training examples that are in memory, for whatever takes them in an order of its own, or again and again. */
export function atHand(data: Data): Data {
  return data.sample ? { ...data, train: data.sample } : data;
}

/** A kind of place that data comes from. */
export interface DataSource<Options extends object = object> {
  readonly name: string;
  /** What its options may be. */
  readonly options: Fields;
  /**
   * Makes sure, before anything is started, that the data is there.
   * @throws {UsageError} that says what is missing.
   */
  readonly check?: (options: Options) => void;
  /** The files and folders that it reads, which nothing may be written over. */
  readonly reads?: (options: Options) => readonly string[];
  /**
   * Opens the data.
   * @throws {UsageError | FormatError} when it is not there, or damaged.
   */
  readonly open: (options: Options, device: Device) => Promise<Data>;
  /**
   * What models are judged by, in the unit of the data: the examples of its test part. Left out, the stage `judge` refuses it.
   * @throws {UsageError | FormatError} when it is not there, or damaged.
   */
  readonly judge?: (options: Options, device: Device) => Promise<Judge>;
  /**
   * What a model that was made of such data is judged by on more of it. The preparation of the model names the source by `source`.
   * @throws {UsageError | FormatError} for a preparation or data that is not what it should be.
   */
  readonly judgeOn?: (question: Question) => Promise<Judge>;
  /**
   * What such a model says of more data, by columns: of all at once, or of examples in their order, some at a time.
   * @throws {UsageError | FormatError} for a preparation or data that is not what it should be.
   */
  readonly predict?: (
    question: Question,
  ) => Promise<readonly PredictedColumn[]> | AsyncIterable<readonly PredictedColumn[]>;
  /**
   * What such a model learns on from data: prepared as the model says, and parted as that which it was made of. Left out, it does not.
   * @throws {UsageError} for a preparation that is damaged, or data that cannot be parted so.
   */
  readonly goOn?: (again: Again) => Lesson;
}

/**
 * A source as JSON names it: its name, with its options if it has any. A text that names no source is a path, and stands
 * for the source `idx` with that folder.
 */
export type SourceUse = string | { readonly source: string; readonly options?: object };

/** What is learnt, and from what. */
export interface Lesson {
  readonly source: SourceUse;
  /** The name of the task. Default: classification. */
  readonly task?: string;
  /** How much each class counts in training; what is made of a trained model goes on with the weights that it has. Default: all alike. */
  readonly classWeights?: ClassWeights;
}

const aSource = namedRule<DataSource>('a source of data: { name, options, open }', {
  options: anObject.holds,
  open: aFunction.holds,
});

const sources = createRegistry<DataSource<never>>('source of data');

/**
 * Makes a source of data known by its name.
 * @throws {ConfigError} if its name is taken by another one.
 * @throws {ArgumentError} for what is none.
 */
export function registerSource<Options extends object>(source: DataSource<Options>): void {
  check('registerSource', 'source', source, aSource);
  sources.register('registerSource', source);
}

/** The names of all known sources of data, sorted. */
export function sourceNames(): string[] {
  return sources.names();
}

/** Whether a text is the name of a source that needs to be told nothing: another may be a path, of a folder `pictures` for one. */
export function isWholeSource(text: string): boolean {
  return sources.names().includes(text) && problemOf({}, (sources.named(text) as DataSource).options) === undefined;
}

/** A source with its options, which are right. */
interface ResolvedSource {
  readonly source: DataSource;
  readonly options: object;
}

/** @throws {UsageError} when there is no such source, or its options are wrong. */
function resolveSource(use: SourceUse): ResolvedSource {
  const isPath = typeof use === 'string' && !sources.names().includes(use);
  const { source: name, options = {} } = isPath
    ? { source: 'idx', options: { folder: use } }
    : typeof use === 'string'
      ? { source: use }
      : use;
  const source = sources.named(name) as DataSource;
  const problem = problemOf(options, source.options);
  if (problem !== undefined) throw new UsageError(`source ${name}: ${problemText(problem)}`);
  return { source, options };
}

/**
 * Makes sure that the data of a source is there, as far as that can be told before it is opened.
 * @throws {UsageError} that says what is missing or wrong.
 */
export function checkSource(use: SourceUse): void {
  const { source, options } = resolveSource(use);
  source.check?.(options);
}

/**
 * The files and folders that a source reads.
 * @throws {UsageError} when there is no such source.
 */
export function filesOfSource(use: SourceUse): readonly string[] {
  const { source, options } = resolveSource(use);
  return source.reads?.(options) ?? [];
}

/**
 * What models are judged by, where the source tells.
 * @throws {UsageError} when it does not.
 */
export async function judgeOf(use: SourceUse, device: Device): Promise<Judge> {
  const { source, options } = resolveSource(use);
  if (source.judge) return source.judge(options, device);
  throw new UsageError(`judge: the source ${source.name} says nothing to judge by: leave this stage out`);
}

/**
 * The source that a saved preparation was made by.
 * @throws {UsageError} for what names none.
 */
export function sourceOfPreparation(preparation: Json | undefined, from: string): DataSource {
  const name: unknown = Reflect.get(Object(preparation), 'source') ?? 'table';
  if (preparation !== undefined && typeof name === 'string' && sources.names().includes(name))
    return sources.named(name) as DataSource;
  throw new UsageError(
    `${from}: this model was not made of a table, pictures or text: give one that espalier run --data made, such as runs/price/small`,
  );
}

/**
 * What a saved model learns on, and is judged by, from data of the kind that it was made of.
 * @throws {UsageError} for a model that says nothing of its data, and data that none goes on with.
 */
export function lessonAgain(again: Again): Lesson {
  const { preparation, from } = again;
  const source = sourceOfPreparation(preparation, from);
  if (source.goOn) return source.goOn(again);
  throw new UsageError(
    `${from}: with data of the source ${source.name} no model is gone on with: espalier run --data makes a smaller one beside it`,
  );
}

const opened = new WeakMap<Device, Map<string, Promise<Data>>>();

/**
 * The data of a source, opened once for each device of this thread.
 * @throws {UsageError} when it is not there.
 * @throws {FormatError} when it is damaged.
 */
export function openData(use: SourceUse, device: Device): Promise<Data> {
  const { source, options } = resolveSource(use);
  const own = opened.get(device) ?? new Map<string, Promise<Data>>();
  opened.set(device, own);
  const key = JSON.stringify([source.name, options]);
  const known = own.get(key);
  if (known !== undefined) return known;
  const opening = source.open(options, device);
  own.set(key, opening);
  return opening;
}
