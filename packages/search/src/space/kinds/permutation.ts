/** The kind of nodes that are orders of given values, coded so that every combination of parameters is an order. */
import { quote } from '../../checked/quote.ts';
import { SpaceError } from '../../errors.ts';
import type { NodeKind, PermutationNode } from '../node.ts';
import type { ParameterValue } from '../parameter.ts';
import { itemPath, showPath } from '../path.ts';
import { choiceOfValues } from './choice.ts';
import { int } from './number.ts';

/**
 * All of some values, in any order.
 * @throws {SpaceError} when there are none, or one occurs twice.
 */
export function permutationOf<Value extends ParameterValue>(
  values: readonly Value[],
  at: string,
): PermutationNode<Value> {
  choiceOfValues(values, at);
  return Object.freeze({ kind: 'permutation', values: Object.freeze([...values]) });
}

/** The order that picks say: the n-th pick is a place among the values not taken yet. */
function ordered(values: readonly ParameterValue[], pick: (place: number) => number): readonly ParameterValue[] {
  const left = [...values];
  return Object.freeze(values.map((_, place) => left.splice(pick(place), 1)[0] ?? null));
}

const list = (values: readonly ParameterValue[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/**
 * The kind of permutations. Their parameters are the digits of the Lehmer code: at place i, which of the values not
 * taken yet comes next. Every combination of digits is a permutation, so every operator keeps them valid.
 */
export const permutationKind: NodeKind<PermutationNode> = {
  build: ({ values }, path, choose) => {
    const last = values.length - 1;
    return ordered(values, (place) => (place < last ? Number(choose(itemPath(path, place), int(0, last - place))) : 0));
  },
  read: ({ values }, value, path, visitor) => {
    const found: readonly unknown[] = Array.isArray(value) ? value : [];
    const left = [...values];
    const digits = found.map((item) => {
      const digit = left.findIndex((other) => other === item);
      if (digit >= 0) left.splice(digit, 1);
      return digit;
    });
    if (found.length !== values.length || digits.includes(-1)) {
      const shown = quote(value);
      visitor.issue(path, `${showPath(path)} is ${shown}: it must be a list of each of ${list(values)} once`);
      return;
    }
    const last = values.length - 1;
    for (const [place, digit] of digits.slice(0, last).entries()) {
      visitor.parameter(itemPath(path, place), int(0, last - place), digit);
    }
  },
  parameters: ({ values }, path, visit) => {
    const last = values.length - 1;
    for (let place = 0; place < last; place += 1) visit(itemPath(path, place), int(0, last - place));
  },
  count: ({ values }) => values.length,
  size: ({ values }) => values.reduce<number>((product, _, index) => product * (index + 1), 1),
  at: ({ values }, index) => {
    let rest = index;
    return ordered(values, (place) => {
      const digit = rest % (values.length - place);
      rest = Math.floor(rest / (values.length - place));
      return digit;
    });
  },
  diff: (before, after, path) => {
    const [old, now] = [list(before.values), list(after.values)];
    return old === now ? [] : [{ path, change: 'changed', before: old, after: now, compatible: false }];
  },
  describe: ({ values }) => `permutation([${list(values)}])`,
  parse: ({ values }, path) => {
    if (!Array.isArray(values)) throw new SpaceError(path, `values is ${quote(values)}: it must be a list`);
    return permutationOf(values as readonly ParameterValue[], path);
  },
};
