/** Learns how rows become examples: which columns are encoded how, from what is known of them, in memory or a part at a time. */
import {
  aText,
  anObject,
  checkOptions,
  either,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { ColumnGatherer, type ColumnFacts } from '../schema/facts.ts';
import { kindOf, mostCategories, type ColumnKind } from '../schema/schema.ts';
import { presentNumbers } from '../schema/numbers.ts';
import { columnAsNumbers } from '../table/as-numbers.ts';
import type { Column, ColumnType } from '../table/column.ts';
import type { Table } from '../table/table.ts';
import type { Encoding } from './encoding.ts';
import type { Config } from './fields.ts';
import { encodings, named, Preparation, type Ignored, type PreparationConfig } from './preparation.ts';
import { classTarget, mostClasses, numberTarget, type Target } from './target.ts';

/** How a column is encoded: the name of an encoding, or its name with settings; `false` leaves the column out. */
export type EncodingChoice = string | false | { readonly as: string; readonly [setting: string]: unknown };

/** What may be told of a preparation. */
export interface PreparationOptions {
  /** The column, or columns, that are learnt. Without any there are only inputs. */
  readonly target?: string | readonly string[];
  /**
   * What the target is. Default: classes of texts, truth values and at most 20 different integers; else numbers. Several columns are labels
   * where all are truth values, or 1 and 0; else numbers. A kind that is told of a target decides: numbers of `number`, classes of others.
   */
  readonly learn?: Target['as'];
  /** The classes in the order of their indices. Default: those of the training part, in order. */
  readonly classes?: readonly string[];
  /** How columns are encoded, by name. */
  readonly columns?: Readonly<Record<string, EncodingChoice>>;
  /** What columns are, by name. */
  readonly kinds?: Readonly<Record<string, ColumnKind>>;
}

const preparationRules: OptionRules<PreparationOptions> = {
  target: either(aText, listOf(aText)),
  learn: oneOf('classes', 'labels', 'numbers'),
  classes: listOf(aText),
  columns: ruleOf("encodings by column, such as { town: 'one-hot', note: false }", anObject.holds),
  kinds: ruleOf("kinds by column, such as { zip: 'category' }", anObject.holds),
};

/** How columns of a kind are encoded where nothing is told, or why they are not. */
const usual: Readonly<Record<ColumnKind, { readonly as: string } | { readonly why: string }>> = {
  number: { as: 'standard' },
  boolean: { as: 'standard' },
  category: { as: 'one-hot' },
  constant: { why: 'has one value' },
  empty: { why: 'has no value' },
  date: { why: 'is dates; make numbers of them, or read it as a category' },
  identifier: { why: 'numbers or names rows' },
  text: { why: 'is free text; encode it as bytes, for a model of its own' },
};

/** Why a column is not learnt from that nobody wants. */
const leftOut = 'left out';

/** Integers of at most so many different values are classes, where nothing is told. */
const mostIntegerClasses = 20;

/** Whether all values are true or false, or 1 or 0. */
function areTruths({ type, values }: ColumnFacts): boolean {
  if (type === 'boolean') return true;
  return type === 'number' && values !== undefined && values.every(({ value }) => value === '0' || value === '1');
}

type Kinds = NonNullable<PreparationOptions['kinds']>;

/** What columns of targets are learnt as, where nothing is told but perhaps what they are. */
function learnOf(columns: readonly ColumnFacts[], kinds: Kinds): Target['as'] {
  const told = columns.flatMap(({ name }) => own(kinds, name) ?? []);
  if (told.includes('number')) return 'numbers';
  const [first] = columns;
  if (columns.length > 1 || first === undefined) return columns.every(areTruths) ? 'labels' : 'numbers';
  if (told.length > 0 || first.type !== 'number') return 'classes';
  const { areIntegers, values } = first;
  if (areTruths(first)) return 'classes';
  return areIntegers && values && values.length <= mostIntegerClasses ? 'classes' : 'numbers';
}

function targetOf(
  facts: readonly ColumnFacts[],
  { learn, classes, kinds = {} }: PreparationOptions,
): Target | undefined {
  const [first] = facts;
  if (!first) return undefined;
  const as = learn ?? learnOf(facts, kinds);
  if (as === 'numbers') return numberTarget(facts);
  if (as === 'labels') return { as, columns: facts.map(({ name }) => name) };
  if (facts.length > 1)
    throw new DataError(
      first.source,
      { column: first.name },
      `is one of ${facts.length} targets, and classes stand in one column; learn one column, or labels of 1 and 0, or numbers`,
    );
  return classTarget(first, classes);
}

/** Gives the encoding of a column by what is told and what it is; a text where it is left out: the reason. */
function chosen(
  choice: EncodingChoice | undefined,
  kind: ColumnKind,
): { readonly as: string; readonly settings: Config } | string {
  if (typeof choice === 'string') return { as: choice, settings: {} };
  if (choice) return { as: choice.as, settings: choice };
  const own = usual[kind];
  return 'why' in own ? own.why : { as: own.as, settings: {} };
}

/** The value of a name, if it is one of the record's own. */
const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/**
 * Learns how rows become examples from parts of a table that come one after the other: the same as `fitPreparation` of all of them
 * together, but for rounding. It holds no rows.
 *
 * @example
 * const fitter = new PreparationFitter({ target: 'price' });
 * fitter.take(first);
 * fitter.take(second);
 * const preparation = fitter.finish();
 */
export class PreparationFitter {
  readonly #options: PreparationOptions;
  readonly #targets: readonly string[];
  /** Of columns that nobody wants there is none. */
  #gatherers: ReadonlyMap<string, ColumnGatherer | undefined> | undefined;
  /** What columns were read as. */
  #types: ReadonlyMap<string, ColumnType> = new Map();
  #source = '';
  #rows = 0;

  constructor(options: PreparationOptions = {}) {
    this.#options = checkOptions('fitPreparation', options, preparationRules);
    const { target } = options;
    this.#targets = target === undefined ? [] : typeof target === 'string' ? [target] : target;
  }

  /**
   * Takes rows.
   * @throws {DataError} for a column that is not there.
   */
  take(table: Table): void {
    this.#gatherers ??= this.#begin(table);
    this.#rows += table.rows;
    const { rows } = table;
    const rowNumber = (row: number): number => table.rowNumber(row);
    for (const [name, gatherer] of this.#gatherers)
      gatherer?.take({ column: this.#columnOf(table, name), rows, rowNumber });
  }

  /** A column as it is learnt from: as numbers, where that is told. */
  #columnOf(table: Table, name: string): Column {
    const { columns = {}, kinds = {}, learn } = this.#options;
    const choice = own(columns, name);
    const as = typeof choice === 'string' ? choice : choice ? choice.as : undefined;
    const areNumbers =
      own(kinds, name) === 'number' ||
      (this.#targets.includes(name)
        ? learn === 'numbers'
        : as !== undefined && encodings.find(`columns.${name}`, as).ofNumbers);
    const column = table.column(name);
    const rowNumber = (row: number): number => table.rowNumber(row);
    return areNumbers ? columnAsNumbers(column, { source: table.source, name, rowNumber }) : column;
  }

  #begin(table: Table): ReadonlyMap<string, ColumnGatherer | undefined> {
    const { columns = {}, kinds = {} } = this.#options;
    for (const name of [...Object.keys(columns), ...Object.keys(kinds), ...this.#targets]) table.column(name);
    const twice = this.#targets.find((name, index) => this.#targets.indexOf(name) < index);
    if (twice !== undefined)
      throw new DataError(table.source, { column: twice }, 'is named twice as a target; name it once');
    this.#source = table.source;
    this.#types = new Map([...table.columns].map(([name, { type }]) => [name, type]));
    const most = (name: string): number => (this.#targets.includes(name) ? mostClasses : mostCategories);
    return new Map(
      [...table.columns].map(([name]) => {
        const isLeftOut = own(columns, name) === false && !this.#targets.includes(name);
        const type = (): ColumnType => this.#columnOf(table, name).type;
        return [name, isLeftOut ? undefined : new ColumnGatherer(table.source, name, type(), most(name))];
      }),
    );
  }

  /**
   * What becomes of each column, where nothing need be left to learn from. `whole` is the table where it was taken at once, for encodings
   * that must see all values; `told` is what came to be known of the target meanwhile.
   * @throws {DataError} for a table without rows, and as `fitPreparation` does.
   */
  config(whole?: Table, told: Pick<PreparationOptions, 'learn' | 'classes'> = {}): PreparationConfig {
    if (this.#rows === 0 || !this.#gatherers)
      throw new DataError(this.#source, {}, 'has no rows to learn from; give some');
    const { columns = {}, kinds = {} } = this.#options;
    const facts = new Map(
      [...this.#gatherers].map(([name, gatherer]) => {
        const column = whole && gatherer && this.#columnOf(whole, name);
        return [name, gatherer?.finish(column?.type === 'number' ? () => presentNumbers(column) : undefined)];
      }),
    );
    const target = targetOf(
      this.#targets.map((name) => facts.get(name) as ColumnFacts),
      { ...this.#options, ...told },
    );
    const inputs: Encoding[] = [];
    const ignored: Ignored[] = [];
    for (const [name, each] of facts) {
      if (this.#targets.includes(name)) continue;
      const choice = each ? chosen(own(columns, name), own(kinds, name) ?? kindOf(each)) : leftOut;
      if (typeof choice === 'string') ignored.push({ column: name, why: choice });
      else if (each) inputs.push(encodingOf(each, choice, whole));
    }
    const learnt = new Set([...this.#targets, ...inputs.map(({ column }) => column)]);
    const types = Object.fromEntries([...this.#types].filter(([name]) => learnt.has(name)));
    return { version: 1, inputs, ignored, ...(target && { target }), types };
  }

  /**
   * What was learnt.
   * @throws {DataError} as `fitPreparation` does.
   */
  finish(told: Pick<PreparationOptions, 'learn' | 'classes'> = {}): Preparation {
    return whatIsLeft(this.#source, this.config(undefined, told));
  }
}

/** @throws {DataError} for a preparation of which no input is left. */
function whatIsLeft(source: string, config: PreparationConfig): Preparation {
  if (config.inputs.length === 0) throw new DataError(source, {}, nothingLeft(config.ignored));
  return new Preparation(config);
}

function encodingOf(
  facts: ColumnFacts,
  { as, settings }: { readonly as: string; readonly settings: Config },
  whole: Table | undefined,
): Encoding {
  const type = encodings.find(`columns.${facts.name}`, as);
  if (type.learn) return type.learn(facts, settings);
  if (whole && type.fit) return type.fit(named(whole, facts.name), settings);
  throw new DataError(
    facts.source,
    { column: facts.name },
    `'${as}' must see all values at once, and the table is larger than memory; give the encoding 'learn', or leave the column out`,
  );
}

/**
 * What becomes of each column, where nothing need be left to learn from.
 * @throws {DataError} for a table without rows, and as `fitPreparation` does.
 */
export function fitColumns(table: Table, options: PreparationOptions): PreparationConfig {
  const fitter = new PreparationFitter(options);
  fitter.take(table);
  return fitter.config(table);
}

/** Most columns that a message lists. */
const mostNames = 8;

/** Why nothing can be learnt from a table of which no column is left. */
export function nothingLeft(ignored: readonly Ignored[]): string {
  const reasons = ignored
    .slice(0, mostNames)
    .map(({ column, why }) => `'${column}' ${why === leftOut ? 'is left out' : why}`);
  const more = ignored.length > mostNames ? [`and ${ignored.length - mostNames} more`] : [];
  return `no column is left to learn from${reasons.length > 0 ? `: ${[...reasons, ...more].join(', ')}` : ''}; say what one is, by kinds in code, or by --column NAME=number or NAME=category on the command line`;
}

/**
 * Learns how rows become examples, from the training part alone: what is scaled, which categories there are, what classes.
 * @throws {DataError} for a column that is not there or cannot be encoded as told, a target that is missing or cannot be, and where nothing
 * is left to learn from.
 *
 * @example
 * const preparation = fitPreparation(table.take(train), { target: 'price', columns: { zip: 'one-hot', note: false } });
 */
export function fitPreparation(table: Table, options: PreparationOptions = {}): Preparation {
  return whatIsLeft(table.source, fitColumns(table, options));
}
