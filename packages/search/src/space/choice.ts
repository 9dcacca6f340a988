/** choice(): among plain values, or among groups that each bring parameters of their own. */
import type { BranchConfig, Fields } from './config-of.ts';
import { groupOf } from './group-of.ts';
import { branchNode } from './kinds/branch.ts';
import { choiceOfValues } from './kinds/choice.ts';
import type { BranchNode } from './node.ts';
import type { ChoiceParameter, ParameterValue } from './parameter.ts';
import { checkName } from './path.ts';

/**
 * One of the values, in no order: strings, finite numbers, booleans or null.
 * @throws {SpaceError} when there are none, or one occurs twice.
 */
export function choice<const Value extends ParameterValue>(values: readonly Value[]): ChoiceParameter<Value>;
/**
 * One of the named groups. The config holds `type`, the name of the group taken, beside that group's parameters.
 * @throws {SpaceError} when there are none, or a group has a parameter named `type`.
 */
export function choice<const Branches extends { readonly [name: string]: Fields }>(
  branches: Branches,
): BranchNode<BranchConfig<Branches>>;
export function choice(
  options: readonly ParameterValue[] | { readonly [name: string]: Fields },
): ChoiceParameter | BranchNode {
  if (Array.isArray(options)) return choiceOfValues(options as readonly ParameterValue[], 'choice');
  const groups = Object.entries(options as { readonly [name: string]: Fields }).map(([name, fields]) => {
    checkName(name, 'choice');
    return [name, groupOf(fields, name)] as const;
  });
  return branchNode(Object.fromEntries(groups), 'choice');
}
