/** Data of the user's for a model that says nothing of its data: a table of numbers, or pictures by class. */
import { existsSync, statSync } from 'node:fs';
import { galleryClasses, isText, leastSide, mostSide, openGallery, pictureKind, readTable } from '@espalier/data/node';
import type { Json } from '@espalier/nn';
import { isWholeSource, type Lesson, type SourceUse } from '@espalier/pipeline';
import { knownColumns, loadModelFolder } from '@espalier/pipeline/node';
import { ShapeError, zeros } from '@espalier/tensor';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { defaultSeed } from '../cli/options.ts';
import { UsageError } from '../errors.ts';
import { dataOf } from './arrays-source.ts';
import { preparedLesson } from './prepared.ts';

/** What may be told of such data. */
export interface OwnDataOptions {
  readonly target?: readonly string[];
  /** Columns that are no inputs, each such as `id=ignore`. */
  readonly column?: readonly string[];
  readonly classes?: readonly string[];
  /** Of the pixels of each channel, from 0 to 1. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly fit?: 'crop' | 'stretch' | 'pad';
  /** Whether pictures are by class, which say what the outputs are called. Default: true. */
  readonly judged?: boolean;
}

const names = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(',').map((name) => name.trim()),
];

/** A number for each channel. */
function channelNumbers(value: string): readonly number[] {
  const numbers = value.split(',').map(Number);
  if (numbers.every(Number.isFinite) && (numbers.length === 1 || numbers.length === 3)) return numbers;
  throw new InvalidArgumentError('Give a number for each channel, such as 0.485,0.456,0.406.');
}

function ignoredColumn(value: string, before: readonly string[] = []): readonly string[] {
  if (/^.+=ignore$/su.test(value)) return [...before, value];
  throw new InvalidArgumentError('Give NAME=ignore: this model takes all other columns, as numbers.');
}

/** Adds what may be told of data of a model that says nothing of it. */
export function withOwnDataOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--target <column>', 'of a table: what is right; several, by commas, are numbers').argParser(names),
    )
    .addOption(
      new Option('--column <name=ignore>', 'of a table: a column that is no input; may be repeated').argParser(
        ignoredColumn,
      ),
    )
    .addOption(
      new Option('--classes <names>', 'what the outputs are called, in their order, by commas').argParser(names),
    )
    .addOption(
      new Option(
        '--mean <numbers>',
        'of pictures: taken off each channel, of pixels from 0 to 1 (default: 0)',
      ).argParser(channelNumbers),
    )
    .addOption(
      new Option('--std <numbers>', 'of pictures: what each channel is divided by then (default: 1)').argParser(
        channelNumbers,
      ),
    )
    .addOption(
      new Option('--fit <how>', 'of pictures: how those of another shape are made to fit (default: crop)').choices([
        'crop',
        'stretch',
        'pad',
      ]),
    );
}

/** Options that are told of a kind of data. */
const told = ['target', 'column', 'classes', 'mean', 'std', 'fit'] as const;

/** Whether `--data` names a table or pictures, and none of what models for digits are judged by. */
export function isOwnData(path: string): boolean {
  if (isWholeSource(path) || /[.]npz$/iu.test(path) || !existsSync(path)) return false;
  if (existsSync(`${path}/train-images-idx3-ubyte`)) return false;
  return statSync(path).isFile()
    ? !isText(path) || /[.](?:csv|tsv|txt)$/iu.test(path)
    : pictureKind(path) !== undefined;
}

/** @throws {UsageError} for what is told of data that nothing can be told of. */
export function refuseTold(path: string, options: OwnDataOptions): void {
  const given = told.filter((name) => options[name] !== undefined);
  if (given.length > 0)
    throw new UsageError(`${given.map((name) => `--${name}`).join(', ')}: of ${path} nothing is told: leave it out`);
}

/** What a model takes and gives. */
interface Ends {
  /** The shape of an example, where the model says it. */
  readonly input: readonly number[] | undefined;
  /** Numbers that it gives of an example of a shape. */
  readonly width: (shape: readonly number[]) => number;
}

async function endsOf(folder: string, from: string): Promise<Ends> {
  const { model, metadata } = await loadModelFolder(folder);
  const { input } = metadata;
  return {
    input: Array.isArray(input) ? (input as readonly number[]) : undefined,
    width: (shape) => {
      try {
        const { shape: given } = model.eval().call(zeros([1, ...shape]));
        if (given.length === 2) return given[1] ?? 0;
        throw new UsageError(`${from}: it gives [${given.join(', ')}] of one example, and no score for each class`);
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        throw new UsageError(
          `${from}: it does not take examples of the shape [${shape.join(', ')}]: ${error.message}: leave columns out by --column NAME=ignore, name what is right by --target, or say what it takes by --input`,
        );
      }
    },
  };
}

/** Data, as a source and as what a model is asked by. */
export interface OwnData {
  /** Whether classes are told apart; else numbers are told. */
  readonly isOfClasses: boolean;
  readonly source: SourceUse;
  readonly preparation: Json;
}

/**
 * A table or pictures for a model.
 * @param folder of the model
 * @param from what errors call it
 * @throws {UsageError} where they do not fit, with what to do.
 * @throws {DataError | FormatError} naming row or picture of what cannot be.
 */
export async function ownData(folder: string, from: string, path: string, options: OwnDataOptions): Promise<OwnData> {
  const ends = await endsOf(folder, from);
  const isTable = options.target !== undefined || pictureKind(path) === undefined;
  const foreign = isTable ? (['mean', 'std', 'fit'] as const) : (['target', 'column'] as const);
  const given = foreign.filter((name) => options[name] !== undefined);
  if (given.length > 0)
    throw new UsageError(`--${given[0]}: it is of ${isTable ? 'pictures' : 'a table'}: leave it out`);
  return isTable ? tableFor(ends, from, path, options) : picturesFor(ends, from, path, options);
}

async function tableFor({ input, width }: Ends, from: string, path: string, options: OwnDataOptions): Promise<OwnData> {
  const { target = [], column = [], classes } = options;
  const ignored = column.map((each) => each.replace(/=ignore$/u, ''));
  const table = await readTable(path, { known: knownColumns({ target: [...target, ...ignored] }) });
  for (const name of [...target, ...ignored]) table.column(name);
  const count = table.names.filter((name) => !target.includes(name) && !ignored.includes(name)).length;
  const size = input?.reduce((product, each) => product * each, 1);
  if (size !== undefined && size !== count)
    throw new UsageError(
      `${path}: ${count} columns are inputs, and ${from} takes ${size} numbers: ${count > size ? `name what is right by --target, and leave others out by --column NAME=ignore` : 'give a table with all of them'}`,
    );
  const shape = input ?? [count];
  const outputs = width(shape);
  const preparation = { shape: [...shape], ignored, target: [...target], ...(classes && { classes: [...classes] }) };
  return {
    isOfClasses: outputs > 1 && target.length < 2,
    source: { source: 'numbers', options: { file: path, width: outputs, ...preparation } },
    preparation: { source: 'numbers', ...preparation },
  };
}

/** What the classes of pictures are called. */
async function classesOf(
  path: string,
  width: number,
  { classes, judged = true }: OwnDataOptions,
): Promise<readonly string[]> {
  if (classes && classes.length !== width)
    throw new UsageError(`--classes: ${classes.length} are named, and the model tells ${width} apart: name as many`);
  if (classes) return classes;
  // What is only predicted need not be in folders by class.
  if (!judged) return Array.from({ length: width }, (_, index) => String(index));
  const found = galleryClasses(await openGallery(path));
  if (found.length === width) return found;
  throw new UsageError(
    `${path}: it has ${found.length} classes (${found.slice(0, 6).join(', ')}${found.length > 6 ? ', …' : ''}), and the model tells ${width} apart: name these in the order of its outputs by --classes`,
  );
}

async function picturesFor(
  { input, width }: Ends,
  from: string,
  path: string,
  options: OwnDataOptions,
): Promise<OwnData> {
  const [channels = 0, size = 0, other] = input ?? [];
  if (input?.length !== 3)
    throw new UsageError(
      `${from}: nothing says which pictures it takes: give channels, height and width as --input 3,224,224`,
    );
  if (size !== other || ![1, 3].includes(channels) || size < leastSide || size > mostSide)
    throw new UsageError(
      `${from}: it takes [${input.join(', ')}], and pictures are made squares of ${leastSide} to ${mostSide} pixels with 1 or 3 channels: give examples as an .npz file`,
    );
  const each = (numbers: readonly number[] | undefined, usual: number, name: string): number[] => {
    const own = numbers ?? [usual];
    if (own.length !== 1 && own.length !== channels)
      throw new UsageError(
        `--${name}: it has ${own.length} numbers, and the model takes ${channels} channels: give as many`,
      );
    return Array.from({ length: channels }, (_, channel) => own[own.length === 1 ? 0 : channel] ?? usual);
  };
  const fitted = {
    size,
    colour: channels === 1 ? 'grey' : 'colour',
    fit: options.fit ?? 'crop',
    mean: each(options.mean, 0, 'mean'),
    std: each(options.std, 1, 'std'),
    classes: [...(await classesOf(path, width(input), options))],
  } as const;
  return {
    isOfClasses: true,
    source: { source: 'pictures', options: { path, seed: 0, ...fitted } },
    preparation: { source: 'pictures', ...fitted },
  };
}

/** What a command that trains or measures a model works with. */
export interface Taught extends Lesson {
  /** Whether the model says how its data was prepared: then it is judged in the unit of that. */
  readonly isPrepared: boolean;
}

/**
 * What `--data` names, for a command that trains or measures a model.
 * @throws {UsageError} where it does not fit the model, with what to do.
 */
export async function lessonFor(
  folder: string,
  from: string,
  options: OwnDataOptions & { readonly data: string; readonly seed?: number },
): Promise<Taught> {
  const { data, seed = defaultSeed } = options;
  const known = preparedLesson(folder, from, data, seed);
  if (known) {
    refuseTold(from, options);
    return { ...known, isPrepared: true };
  }
  if (!isOwnData(data)) {
    refuseTold(data, options);
    return { source: dataOf(data), isPrepared: false };
  }
  const { source, isOfClasses } = await ownData(folder, from, data, options);
  if (isOfClasses) return { source, isPrepared: false };
  throw new UsageError(
    `${from}: of a table its numbers are judged and predicted, and not learnt: leave --data out to work on its weights alone`,
  );
}
