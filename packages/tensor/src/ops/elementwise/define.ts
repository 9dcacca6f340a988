/** Makes element-wise ops from their meaning, and the rules by which their dtypes follow. */
import { dtypes, type DType, type DTypeKind } from '../../dtype/dtype.ts';
import type { Expression } from '../../scalar/expression.ts';
import { DTypeError, InternalError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Attributes, ElementwiseOp, GradientRule } from '../../graph/op.ts';
import type { Values } from '../domain.ts';

/** How the argument dtypes of an element-wise op are brought together. */
export type ArgumentRule =
  /** Promoted to one dtype. */
  | 'promote'
  /** Promoted, then integers and bool become f32. */
  | 'float'
  /** Promoted, but bool becomes i32: arithmetic on truth values counts. */
  | 'numeric'
  /** Must be bool; other dtypes compare with zero first. */
  | 'logical'
  /** Promoted integers or bool; floats have no bits to combine. */
  | 'bits'
  /** Promoted integers; bool becomes i32. */
  | 'integer'
  /** Promoted unsigned integers. */
  | 'unsigned';

/** An element-wise op together with everything the tensor method and the tests need. */
export interface ElementwiseEntry {
  readonly op: ElementwiseOp;
  readonly summary: string;
  readonly argumentRule: ArgumentRule;
  /** The result dtype; `same` as the promoted arguments by default. */
  readonly result: 'same' | 'bool';
  /** Argument kinds to test on. */
  readonly kinds: readonly DTypeKind[];
  readonly values: readonly Values[];
  /** Where the gradient is smooth; absent when there is none. */
  readonly smooth?: readonly Values[];
  readonly ulps: number;
  /** Added error in epsilons, where the meaning cancels. */
  readonly absolute?: number;
  readonly attributes?: readonly Attributes[];
}

/** A meaning as a function of its arguments. */
export type Meaning = (...args: readonly Expression[]) => Expression;

/** A gradient as a function of the output's gradient, the output and the inputs; written with the tensor's own methods. */
export type ElementwiseGradient = (
  gradient: Tensor,
  output: Tensor,
  ...inputs: readonly Tensor[]
) => readonly (Tensor | undefined)[];

/** What has to be said of an element-wise op. Ops with attributes give `meaningOf` and `gradientOf` instead. */
export interface ElementwiseDescription {
  readonly summary: string;
  readonly arity: number;
  readonly meaning?: Meaning;
  readonly meaningOf?: (attributes: Attributes) => Meaning;
  readonly gradient?: ElementwiseGradient;
  readonly gradientOf?: (attributes: Attributes) => ElementwiseGradient;
  readonly argumentRule?: ArgumentRule;
  readonly result?: 'same' | 'bool';
  readonly kinds?: readonly DTypeKind[];
  readonly values?: readonly Values[];
  readonly smooth?: readonly Values[];
  readonly ulps?: number;
  readonly absolute?: number;
  readonly attributes?: readonly Attributes[];
}

/** Any value, NaN and infinities included. */
export const anyValue: Values = { kind: 'any' };

/** Finite values between two bounds. */
export function between(low: number, high: number): Values {
  return { kind: 'range', low, high };
}

/** The gradient of steps: 0 for each argument, where it exists. */
export const flat: ElementwiseGradient = (_, __, ...inputs) => inputs.map((input) => input.filled(input.shape, 0));

/** Kinds by argument rule, where the entry names none. */
const kindsByRule: Readonly<Record<ArgumentRule, readonly DTypeKind[]>> = {
  promote: ['float', 'signed', 'unsigned', 'bool'],
  numeric: ['float', 'signed', 'unsigned'],
  float: ['float'],
  logical: ['bool'],
  bits: ['signed', 'unsigned'],
  integer: ['signed', 'unsigned'],
  unsigned: ['unsigned'],
};

/** What the rules that refuse a dtype take. */
const acceptedKinds: Readonly<Partial<Record<ArgumentRule, readonly DTypeKind[]>>> = {
  bits: ['signed', 'unsigned', 'bool'],
  integer: ['signed', 'unsigned', 'bool'],
  unsigned: ['unsigned'],
};

function gradientRule(description: ElementwiseDescription): GradientRule | undefined {
  const { gradient, gradientOf } = description;
  if (gradient) return (g, { output, inputs }) => gradient(g, output, ...inputs);
  return gradientOf && ((g, { output, inputs, attributes }) => gradientOf(attributes)(g, output, ...inputs));
}

/** Completes a description to an entry. */
export function elementwise(name: string, description: ElementwiseDescription): ElementwiseEntry {
  const { summary, arity, argumentRule = 'numeric', result = 'same', ulps = 0 } = description;
  const meaningOf = description.meaningOf ?? ((): Meaning => description.meaning ?? missingMeaning(name));
  const gradient = gradientRule(description);
  const each = (values: Values): readonly Values[] => Array.from({ length: arity }, () => values);
  return {
    op: {
      family: 'elementwise',
      name,
      arity,
      meaning: (args, attributes) => meaningOf(attributes)(...args),
      ...(gradient && { gradient }),
    },
    summary,
    argumentRule,
    result,
    kinds: description.kinds ?? kindsByRule[argumentRule],
    values: description.values ?? each(anyValue),
    ulps,
    ...(description.absolute !== undefined && { absolute: description.absolute }),
    ...(gradient && { smooth: description.smooth ?? each(between(-2, 2)) }),
    ...(description.attributes && { attributes: description.attributes }),
  };
}

function missingMeaning(name: string): never {
  throw new InternalError(name, 'has no meaning; give `meaning` or `meaningOf`');
}

/**
 * The dtype all arguments are brought to.
 * @throws {DTypeError} where the op does not take what they promote to.
 */
export function argumentDType(name: string, rule: ArgumentRule, promoted: DType): DType {
  const { kind } = dtypes[promoted];
  const accepted = acceptedKinds[rule];
  if (accepted && !accepted.includes(kind))
    throw new DTypeError(name, `takes ${rule === 'unsigned' ? 'unsigned ' : ''}integers, not ${promoted}; cast first`);
  if (rule === 'logical') return 'bool';
  if (rule === 'numeric' || rule === 'integer') return promoted === 'bool' ? 'i32' : promoted;
  return rule === 'float' && kind !== 'float' ? 'f32' : promoted;
}
