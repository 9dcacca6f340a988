/** Which parameters of a conditional space occur together, and so can share a density. */
import type { Parameter } from '../../space/parameter.ts';
import type { Codes } from '../codes.ts';

/** Parameters that are active together, by path. */
export type Group = ReadonlyMap<string, Parameter>;

/**
 * The parameters of some configs in groups: two are in one when every config has both or neither.
 *
 * Source: the grouping of Optuna's TPE sampler for conditional spaces.
 */
export function groupsOf(configs: readonly Codes[]): readonly Group[] {
  const kinds = new Map<string, Codes>();
  for (const codes of configs) kinds.set([...codes.keys()].join('\n'), codes);
  const members = new Map<string, string>();
  const parameters = new Map<string, Parameter>();
  for (const [kind, codes] of [...kinds.values()].entries()) {
    for (const [path, { parameter }] of codes) {
      members.set(path, `${members.get(path) ?? ''} ${kind}`);
      parameters.set(path, parameter);
    }
  }
  const groups = new Map<string, Map<string, Parameter>>();
  for (const [path, parameter] of parameters) {
    const key = members.get(path) ?? '';
    const group = groups.get(key) ?? new Map<string, Parameter>();
    groups.set(key, group.set(path, parameter));
  }
  return [...groups.values()];
}
