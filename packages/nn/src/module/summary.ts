/** A table of what a model consists of. */
import type { DType, Shape } from '@espalier/tensor';
import { aDType, check, checkOptions } from '@espalier/tensor/arguments';
import { aShape } from '../config/rules.ts';
import type { Module } from './module.ts';
import { trace } from './trace.ts';
import { aModule } from './rule.ts';

/** One layer of a model. */
export interface SummaryRow {
  readonly name: string;
  readonly type: string;
  /** Of one example. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Trained values; those that an earlier row has counted, of a module or a weight that is used again, not once more. */
  readonly parameters: number;
  /** Multiply-accumulate operations for one example. */
  readonly macs: number;
}

/** What a model consists of. */
export interface Summary {
  readonly rows: readonly SummaryRow[];
  readonly outputShape: Shape;
  readonly parameters: number;
  readonly macs: number;
  /** The table as text. */
  toString(): string;
}

/** Number of trained values of a module. */
export function countParameters(module: Module): number {
  check('countParameters', 'module', module, aModule);
  return module.parameters().reduce((sum, { size }) => sum + size, 0);
}

/** What a summary can be told. */
export interface SummaryOptions {
  /** Of the example. Default: that of the model's parameters or, if the model takes no such, of indices. */
  readonly dtype?: DType;
}

/**
 * Follows one example of a shape (without the batch axis) through a model in evaluation; nothing is computed. A layer
 * is a module that calls no others by `call`, or that has parameters or products of its own.
 * @throws {ShapeError} where a layer does not fit.
 */
export function summary(model: Module, inputShape: Shape, options: SummaryOptions = {}): Summary {
  check('summary', 'model', model, aModule);
  check('summary', 'inputShape', inputShape, aShape);
  const { dtype } = checkOptions('summary', options, { dtype: aDType });
  const { layers, outputShape } = trace(model, inputShape, dtype);
  const counted = new Set<object>();
  const rows = layers.map(({ module, ...row }): SummaryRow => {
    const own = module.parameters().filter(({ identity }) => !counted.has(identity));
    for (const { identity } of own) counted.add(identity);
    return { ...row, type: module.type, parameters: own.reduce((sum, { size }) => sum + size, 0) };
  });
  const total = {
    outputShape,
    parameters: countParameters(model),
    macs: rows.reduce((sum, { macs }) => sum + macs, 0),
  };
  return { rows, ...total, toString: () => table(rows, total) };
}

function table(rows: readonly SummaryRow[], total: Pick<Summary, 'outputShape' | 'parameters' | 'macs'>): string {
  const counted = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
  const cells = [
    ['layer', 'type', 'output', 'parameters', 'MACs'],
    ...rows.map(({ name, type, outputShape, parameters, macs }) => [
      name,
      type,
      `[${outputShape.join(', ')}]`,
      counted(parameters),
      counted(macs),
    ]),
    ['total', '', `[${total.outputShape.join(', ')}]`, counted(total.parameters), counted(total.macs)],
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => (row[column] as string).length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd();
  return cells.map(line).join('\n');
}
