/** What the meaning of an element-wise op has to be, where users write it. */
import { describe } from '../../arguments/describe.ts';
import { aNumber, anObject, oneOf, satisfies } from '../../arguments/rules.ts';
import type { ComputeDType } from '../../dtype/dtype.ts';
import { ArgumentError } from '../../errors.ts';
import type { Expression } from '../../scalar/expression.ts';
import { scalarInstructions, type ScalarDomain } from '../../scalar/instructions.ts';

const computeDType = oneOf('f32', 'f64', 'i32', 'u32', 'bool');

/** The dtypes of each domain of instructions. */
const domains: Readonly<Record<ScalarDomain, readonly ComputeDType[]>> = {
  number: ['f32', 'f64', 'i32', 'u32'],
  float: ['f32', 'f64'],
  integer: ['i32', 'u32'],
  bits: ['i32', 'u32', 'bool'],
  any: ['f32', 'f64', 'i32', 'u32', 'bool'],
};

/** What is wrong with one part of an expression, its own parts aside. */
function flawOf(part: Expression, arity: number): string | undefined {
  if (!satisfies(anObject, part) || !satisfies(computeDType, part.dtype))
    return `${describe(part)}, which is no expression; make it with the functions of scalar`;
  if (part.kind === 'constant')
    return satisfies(aNumber, part.value) && Number.isFinite(part.value)
      ? undefined
      : `the constant ${describe(part.value)}; a constant is a finite number: pass others as an operand`;
  if (part.kind === 'argument')
    return part.index >= 0 && part.index < arity ? undefined : `the argument ${part.index}, and it takes ${arity}`;
  const instruction = Object.hasOwn(scalarInstructions, part.op) ? scalarInstructions[part.op] : undefined;
  if (instruction?.arity !== part.args.length)
    return `the instruction ${describe(part.op)} of ${part.args.length}, which there is not; make it with the functions of scalar`;
  const of = part.args[part.args.length > 1 ? 1 : 0]?.dtype as ComputeDType;
  if (domains[instruction.domain].includes(of)) return undefined;
  return `${part.op} of ${of}, and it takes ${domains[instruction.domain].join(', ')}; cast it, or state an argumentRule`;
}

/**
 * @throws {ArgumentError} naming the op, for a meaning that devices cannot run or that is of another dtype than stated.
 */
export function checkMeaning(name: string, meaning: Expression, arity: number, wanted: ComputeDType): void {
  const pending: Expression[] = [meaning];
  const seen = new Set<Expression>();
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (seen.has(part)) continue;
    seen.add(part);
    const flaw = flawOf(part, arity);
    if (flaw) throw new ArgumentError(name, `its meaning has ${flaw}`);
    if (part.kind === 'apply') pending.push(...part.args);
  }
  if (meaning.dtype !== wanted)
    throw new ArgumentError(
      name,
      `its meaning is ${describe(meaning.dtype)} where it has to be ${describe(wanted)}; cast it, or state its result`,
    );
}
