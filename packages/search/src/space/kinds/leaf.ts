/** What the kinds of single parameters have in common, so that each states only what is its own. */
import { quote } from '../../checked/quote.ts';
import type { NodeKind } from '../node.ts';
import type { Parameter, ParameterValue } from '../parameter.ts';
import { showPath } from '../path.ts';

/** What tells one kind of parameter from another; the rest of its {@link NodeKind} follows. */
export interface LeafKind<Node extends Parameter> extends Pick<NodeKind<Node>, 'size' | 'describe' | 'parse'> {
  /** Whether the value is one of the parameter's. */
  contains(node: Node, value: unknown): value is ParameterValue;
  /** The values allowed, in words. */
  allowed(node: Node): string;
  /** The value of that index; asked only of finite parameters. */
  at(node: Node, index: number): ParameterValue;
  /** Whether every earlier value is kept, on the same scale. */
  widens(before: Node, after: Node): boolean;
}

/** Completes a kind of parameter to a kind of node. */
export function leaf<Node extends Parameter>(kind: LeafKind<Node>): NodeKind<Node> {
  return {
    count: () => 1,
    size: kind.size,
    describe: kind.describe,
    parse: kind.parse,
    at: (node, index) => kind.at(node, index),
    build: (node, path, choose) => choose(path, node),
    parameters: (node, path, visit) => visit(path, node),
    read: (node, value, path, visitor) => {
      if (kind.contains(node, value)) visitor.parameter(path, node, value);
      else visitor.issue(path, `${showPath(path)} is ${quote(value)}: it must be ${kind.allowed(node)}`);
    },
    diff: (before, after, path) => {
      const [old, now] = [kind.describe(before), kind.describe(after)];
      return old === now
        ? []
        : [{ path, change: 'changed', before: old, after: now, compatible: kind.widens(before, after) }];
    },
  };
}
