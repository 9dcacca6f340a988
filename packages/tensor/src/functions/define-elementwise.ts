/** Element-wise ops made by users, which run and fuse as those of this package do. */
import { checkAttributes } from '../arguments/attributes.ts';
import {
  aFunction,
  aNonNegativeNumber,
  anObject,
  aText,
  check,
  checkOptions,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { dtypeNames, dtypes, type DTypeKind } from '../dtype/dtype.ts';
import { promote } from '../dtype/promote.ts';
import { gradientParts } from '../autograd/gradient-parts.ts';
import { ArgumentError, InternalError } from '../errors.ts';
import { checkMeaning } from '../ops/elementwise/check-meaning.ts';
import {
  argumentDType,
  elementwise,
  type ArgumentRule,
  type ElementwiseDescription,
  type ElementwiseEntry,
} from '../ops/elementwise/define.ts';
import { tableEntry } from '../ops/elementwise/table-entry.ts';
import type { OpEntry, Values } from '../ops/domain.ts';
import type { Attributes } from '../graph/op.ts';
import { argument } from '../scalar/expression.ts';
import { operandNodes } from '../tensor/operands.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { applyEntry, type TensorLike } from '../tensor/wrap.ts';

/** What an element-wise op is made of. */
export interface ElementwiseOpDescription extends ElementwiseDescription {
  /** What errors and tests call it. */
  readonly name: string;
}

/** An element-wise op as a function of tensors and numbers, at least one of them a tensor; they broadcast. */
export interface ElementwiseFunction {
  (operands: readonly TensorLike[], attributes?: Attributes): Tensor;
  /** What the laws of `@espalier/testing` (`checkOp`, `checkOpGradient`) take. */
  readonly entry: OpEntry;
}

const most = 6;
const kinds = ['float', 'signed', 'unsigned', 'bool'] as const;
const kindsOfValues = ['any', 'range', 'integers', 'distinct'];

const someValues: Rule<readonly Values[]> = listOf(
  ruleOf<Values>(
    "values: { kind: 'any' }, or { kind: 'range', low, high }",
    (value) => anObject.holds(value) && kindsOfValues.includes(value['kind'] as string),
  ),
);

const descriptionRules: OptionRules<ElementwiseOpDescription> = {
  name: aText,
  summary: aText,
  arity: ruleOf(
    `an integer from 1 to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most,
  ),
  meaning: aFunction as Rule<NonNullable<ElementwiseDescription['meaning']>>,
  meaningOf: aFunction as Rule<NonNullable<ElementwiseDescription['meaningOf']>>,
  gradient: aFunction as Rule<NonNullable<ElementwiseDescription['gradient']>>,
  gradientOf: aFunction as Rule<NonNullable<ElementwiseDescription['gradientOf']>>,
  argumentRule: oneOf<ArgumentRule>('promote', 'float', 'numeric', 'logical', 'bits', 'integer', 'unsigned'),
  result: oneOf('same', 'bool'),
  kinds: listOf(oneOf<DTypeKind>(...kinds)),
  values: someValues,
  smooth: someValues,
  ulps: aNonNegativeNumber,
  absolute: aNonNegativeNumber,
  attributes: listOf(anObject),
};

function checkDescription(description: ElementwiseOpDescription): void {
  const operation = 'defineElementwise';
  check<object>(operation, 'the description', description, anObject);
  checkOptions(operation, description, descriptionRules);
  for (const field of ['name', 'summary', 'arity'] as const)
    check<unknown>(operation, field, description[field], descriptionRules[field]);
  const { name, arity, meaning, meaningOf, gradient, gradientOf, attributes } = description;
  if ((meaning === undefined) === (meaningOf === undefined))
    throw new ArgumentError(operation, `${name} needs a meaning, or meaningOf with attributes, and not both`);
  if (gradient && gradientOf)
    throw new ArgumentError(operation, `${name} has two gradients; give gradient, or gradientOf with attributes`);
  if ((meaningOf || gradientOf) && !attributes?.length)
    throw new ArgumentError(operation, `${name} takes attributes; give some in attributes, which tests draw from`);
  for (const field of ['values', 'smooth'] as const)
    if (description[field] && description[field].length !== arity)
      throw new ArgumentError(operation, `${field} of ${name} are ${description[field].length}; give ${arity}`);
}

/** @throws {ArgumentError} where the meaning for attributes is wrong for a dtype that the op takes. */
function checkEntry(name: string, entry: ElementwiseEntry, attributes: Attributes): void {
  const { op, argumentRule, kinds: taken, result } = entry;
  const named = dtypeNames.filter((each) => taken.includes(dtypes[each].kind));
  for (const dtype of new Set(named.map((each) => dtypes[argumentDType(name, argumentRule, each)].compute))) {
    const args = Array.from({ length: op.arity }, (_, index) => argument(index, dtype));
    checkMeaning(name, meaningFor(name, entry, args, attributes), op.arity, result === 'bool' ? 'bool' : dtype);
  }
}

type Arguments = Parameters<ElementwiseEntry['op']['meaning']>[0];

/** The meaning; what it mixes up is a mistake in it, and not in this package. */
function meaningFor(
  name: string,
  { op }: ElementwiseEntry,
  args: Arguments,
  attributes: Attributes,
): ReturnType<ElementwiseEntry['op']['meaning']> {
  try {
    return op.meaning(args, attributes);
  } catch (error) {
    if (!(error instanceof InternalError)) throw error;
    throw new ArgumentError(name, `its meaning for ${args[0]?.dtype} cannot be: ${error.message}`);
  }
}

let defined = 0;

/**
 * Makes an element-wise op from its meaning in the scalar language (`scalar`), which every device runs, fused with what
 * stands around it; from its gradient in tensor methods; and from the values on which tests draw it.
 * @throws {ArgumentError} naming the field, for a description that is none, and the function does so for operands and
 * attributes.
 *
 * @example
 * const softsign = defineElementwise({
 *   name: 'softsign',
 *   summary: 'a / (1 + |a|)',
 *   arity: 1,
 *   argumentRule: 'float',
 *   meaning: (a) => scalar.div(a, scalar.add(1, scalar.abs(a))),
 *   gradient: (g, _, a) => [g.div(a.abs().add(1).square())],
 *   ulps: 4,
 * });
 * softsign([x]);
 */
export function defineElementwise(description: ElementwiseOpDescription): ElementwiseFunction {
  checkDescription(description);
  const { name, arity, attributes: some = [{}] } = description;
  const known = elementwise(name, description);
  // Another op may have the name: what is equal in a graph is told by the names of ops.
  const entry: ElementwiseEntry = { ...known, op: { ...known.op, name: `${name} ${++defined}`, ofUser: true } };
  const gradient = known.op.gradient;
  if (gradient)
    Object.assign(entry.op, {
      gradient: (...site: Parameters<typeof gradient>) => gradientParts(name, gradient(...site), arity),
    });
  for (const attributes of some) checkEntry(name, entry, attributes);
  const call = (operands: readonly TensorLike[], attributes: Attributes = {}): Tensor => {
    check(name, 'the operands', operands, ruleOf<readonly TensorLike[]>('an array', Array.isArray));
    checkAttributes(name, attributes);
    if (operands.length !== arity) throw new ArgumentError(name, `takes ${arity} operands, not ${operands.length}`);
    if (!operands.some((operand) => typeof operand === 'object' && operand !== null))
      throw new ArgumentError(name, 'has no tensor among its operands; give at least one');
    const nodes = operandNodes(name, operands, entry.argumentRule);
    const dtype = argumentDType(
      name,
      entry.argumentRule,
      nodes.map((node) => node.dtype).reduce((a, b) => promote(a, b, name)),
    );
    if (!entry.kinds.includes(dtypes[dtype].kind) || description.meaningOf)
      checkEntry(name, { ...entry, kinds: [dtypes[dtype].kind] }, attributes);
    return applyEntry(name, entry, nodes, attributes);
  };
  return Object.assign(call, {
    entry: tableEntry(name, entry, (inputs, attributes) => call(inputs, attributes)),
  });
}
