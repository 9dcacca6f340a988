/** Goals as people write them: `accuracy>=base-0.5pp`, `bytes<=base/10`, `latency<=2ms`. */
import { aNumber, anObject, aText, check, oneOf, ruleOf } from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { GoalError } from '../errors.ts';
import { quote } from '../quote.ts';
import { goalMetric, goalMetrics, type GoalMetric } from './metric.ts';
import { differenceUnitsOf, unitNames, unitsOf, type Amount } from './unit.ts';

/** What a metric is compared with: an amount, or the value of the model as given, perhaps changed. */
export type Bound =
  | { readonly of: 'amount'; readonly amount: Amount }
  | { readonly of: 'base' }
  | { readonly of: 'base'; readonly change: '-' | '+'; readonly amount: Amount }
  | { readonly of: 'base'; readonly change: '*' | '/'; readonly factor: number };

/** A goal, read. */
export interface GoalClause {
  readonly metric: string;
  readonly relation: '>=' | '<=';
  readonly bound: Bound;
}

const numberForm = /^(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?/iu;
const unitForm = /^(?:[A-Za-zµ]+|%)/u;

/** Reads a text from left to right, and knows where it is when something is wrong. */
class Reader {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }

  /** What a form matches here, and goes past it and the blanks behind. */
  take(form: RegExp): string | undefined {
    const [found] = form.exec(this.text.slice(this.at)) ?? [];
    if (found === undefined) return undefined;
    this.at += found.length;
    while (this.text[this.at] === ' ') this.at++;
    return found;
  }

  fail(problem: string, at = this.at): never {
    throw new GoalError('text', `${quote(this.text)}, at ${at + 1}: ${problem}`);
  }
}

const factorForm = (value: number): string => String(Number(value.toPrecision(12)));

/** What somebody may have meant who wrote a share of a share without saying of what. */
function readings(metric: string, sign: string, { number, unit }: Amount): string {
  const points = unit === '%' ? number : number * 100;
  const factor = factorForm(1 + (sign === '-' ? -points : points) / 100);
  return `'${metric}>=base${sign}${factorForm(points)}pp' (points: 98 % becomes ${factorForm(sign === '-' ? 98 - points : 98 + points)} %) or '${metric}>=base*${factor}' (a part of it: 98 % becomes ${factorForm(98 * Number(factor))} %)`;
}

/**
 * Reads a goal: a metric, `>=` or `<=`, and what it is compared with, which is an amount (`97%`, `100kB`, `2ms`) or the value
 * of the model as given (`base`), perhaps less or more an amount (`base-0.5pp`), times or divided by a number (`base*1.02`,
 * `base/10`).
 * @throws {GoalError} with the position, for what is no goal, and for what can be read in two ways.
 *
 * @example
 * parseGoal('accuracy>=base-0.5pp'); // half a point less than before
 */
export function parseGoal(text: string): GoalClause {
  check('parseGoal', 'text', text, aText);
  const reader = new Reader(text.trim());
  const bare = /^([-+])\s*(\d+(?:\.\d+)?)\s*(%|pp)?$/u.exec(reader.text);
  if (bare) {
    const [, sign = '-', digits, unit = ''] = bare;
    const both = readings('accuracy', sign, { number: Number(digits), unit: unit === '' ? '' : '%' });
    reader.fail(`it does not say of what it is a part; write ${both}`, 0);
  }
  const name =
    reader.take(/^[A-Za-z][\w-]*/u) ?? reader.fail(`a goal begins with a metric, one of ${goalMetrics.join(', ')}`);
  const metric = goalMetric(name) ?? reader.fail(`${quote(name)} is no metric; there are ${goalMetrics.join(', ')}`, 0);
  const at = reader.at;
  const written = reader.take(/^(?:>=|<=|≥|≤|==|[<>=])/u) ?? reader.fail(`'>=' or '<=' has to follow ${name}`);
  const relation = ({ '>=': '>=', '≥': '>=', '<=': '<=', '≤': '<=' } as const)[written];
  const fits = metric.direction === 'maximize' ? '>=' : '<=';
  if (relation === undefined) return reader.fail(`${quote(written)} is no relation of goals; write '${fits}'`, at);
  if (relation !== fits)
    reader.fail(`of ${name} ${fits === '>=' ? 'more' : 'less'} is better, so a goal is '${name}${fits}…'`, at);
  const bound = readBound(reader, metric);
  if (reader.at < reader.text.length) reader.fail(`${quote(reader.text.slice(reader.at))} is too much`);
  return { metric: name, relation, bound };
}

function readBound(reader: Reader, metric: GoalMetric): Bound {
  const { type, quantity } = metric;
  const sign = /^[-+]/u.exec(reader.text.slice(reader.at))?.[0];
  if (sign !== undefined && quantity === 'share') {
    const at = reader.at++;
    const amount = readAmount(reader, { ...unitsOf.share, ...differenceUnitsOf.share });
    reader.fail(
      `${sign}${amount.number}${amount.unit} does not say of what it is a part; write ${readings(type, sign, { ...amount, unit: '%' })}`,
      at,
    );
  }
  if (reader.take(/^base\b/u) === undefined) {
    const at = reader.at;
    const amount = readAmount(reader, unitsOf[quantity]);
    const value = amount.unit === '%' ? amount.number / 100 : amount.number;
    if (quantity === 'share' && value > 1)
      reader.fail(
        `no share is above 100 %${amount.unit === '' && amount.number <= 100 ? `; write ${amount.number}%, or a number up to 1` : ''}`,
        at,
      );
    return { of: 'amount', amount };
  }
  const change = reader.take(/^[-+*/]/u);
  if (change === undefined) return { of: 'base' };
  const at = reader.at;
  if (change === '*' || change === '/') {
    const digits = reader.take(numberForm) ?? reader.fail(`a number has to follow base${change}`);
    const factor = Number(digits.replaceAll('_', ''));
    if (!(factor > 0 && Number.isFinite(factor)))
      reader.fail(`base${change}${digits} is no goal; the number must be above 0`, at);
    return { of: 'base', change, factor };
  }
  const amount = readAmount(reader, { ...differenceUnitsOf[quantity], '%': 0.01 });
  if (amount.unit === '%') {
    const both =
      quantity === 'share'
        ? readings(type, change, amount)
        : `'${type}${metric.direction === 'maximize' ? '>=' : '<='}base*${factorForm(1 + ((change === '-' ? -1 : 1) * amount.number) / 100)}', a part of it`;
    reader.fail(
      `base${change}${amount.number}% ${quantity === 'share' ? 'has two readings' : 'is a part of what it was'}; write ${both}`,
      at,
    );
  }
  return { of: 'base', change: change as '-' | '+', amount };
}

function readAmount(reader: Reader, units: Readonly<Record<string, number>>): Amount {
  const at = reader.at;
  const digits =
    reader.take(numberForm) ??
    reader.fail(`a number has to stand here, such as 0.5 or base (units: ${unitNames(units)})`);
  const unitAt = reader.at;
  const unit = reader.take(unitForm) ?? '';
  if (!Object.hasOwn(units, unit)) reader.fail(`${quote(unit)} is no unit here; there are ${unitNames(units)}`, unitAt);
  const number = Number(digits.replaceAll('_', ''));
  if (!Number.isFinite(number * (units[unit] ?? 1))) reader.fail(`${digits}${unit} is not finite`, at);
  return { number, unit };
}

const anAmount = partsOf<Amount>('an amount { number, unit }', { number: aNumber, unit: aText });

const aBound = ruleOf<Bound>('a bound, as parseGoal gives', (value) => {
  if (!anObject.holds(value)) return false;
  const { of, change, amount, factor } = value;
  if (of === 'amount') return anAmount.holds(amount);
  if (of !== 'base') return false;
  if (change === undefined) return true;
  return ['-', '+'].includes(change as string)
    ? anAmount.holds(amount)
    : ['*', '/'].includes(change as string) && aNumber.holds(factor);
});

const aClause = partsOf<GoalClause>('a goal, as parseGoal gives', {
  metric: aText,
  relation: oneOf('>=', '<='),
  bound: aBound,
});

/** A goal as text: `parseGoal` reads it back to the same. */
export function printGoal(goal: GoalClause): string {
  const { metric, relation, bound } = check('printGoal', 'goal', goal, aClause);
  return `${metric}${relation}${printBound(bound)}`;
}

function printBound(bound: Bound): string {
  if (bound.of === 'amount') return `${bound.amount.number}${bound.amount.unit}`;
  if (!('change' in bound)) return 'base';
  if ('factor' in bound) return `base${bound.change}${bound.factor}`;
  return `base${bound.change}${bound.amount.number}${bound.amount.unit}`;
}
