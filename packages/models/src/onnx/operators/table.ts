/** All operators that there are, by domain, name and version. */
import type { Operator } from '../run/operator.ts';
import { arithmeticOperators } from './arithmetic.ts';
import { functionOperators } from './functions.ts';
import { reductionOperators } from './reductions.ts';
import { shapeOperators } from './shapes.ts';

const families = [arithmeticOperators, functionOperators, reductionOperators, shapeOperators];

let table: Map<string, Operator[]> | undefined;

function allOperators(): Map<string, Operator[]> {
  if (table) return table;
  table = new Map();
  for (const each of families.flat()) {
    const key = `${each.domain ?? ''}::${each.type}`;
    table.set(key, [...(table.get(key) ?? []), each]);
  }
  return table;
}

/** The operator of a name, as a version of its domain has it; undefined where there is none. */
export function findOperator(domain: string, type: string, version: number): Operator | undefined {
  return allOperators()
    .get(`${domain}::${type}`)
    ?.filter(({ since = 1 }) => since <= version)
    .toSorted((a, b) => (b.since ?? 1) - (a.since ?? 1))[0];
}

/** The names of all operators, with their domains where it is not that of ONNX. */
export function operatorNames(): string[] {
  return [...allOperators().keys()].map((key) => key.replace(/^::/, '')).toSorted();
}
