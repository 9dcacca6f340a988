/** list(), permutation() and graph(): the parts of a space whose configs are arrays. */
import { quote } from '../checked/quote.ts';
import type { Fields, ItemOf } from './config-of.ts';
import { nodeOf } from './group-of.ts';
import { architecture } from './kinds/graph.ts';
import { checkBounds } from './kinds/list.ts';
import { permutationOf } from './kinds/permutation.ts';
import type {
  ArchitectureNode,
  BranchNode,
  ConfigObject,
  GroupNode,
  ListNode,
  PermutationNode,
  SpaceNode,
} from './node.ts';
import { SpaceError } from '../errors.ts';
import type { ParameterValue } from './parameter.ts';
import type { Space } from './space.ts';

/** How many parts there may be. */
export interface LengthOptions {
  /** The fewest. Default 1. */
  readonly min?: number;
  /** The most. */
  readonly max: number;
}

/**
 * A list of variable length, each item chosen on its own; in a config, an array.
 *
 * ```ts
 * const search = space({ layers: list({ units: int(8, 64), dropout: float(0, 0.5) }, { max: 4 }) });
 * // { layers: readonly { units: number; dropout: number }[] }
 * ```
 * @throws {SpaceError} when the bounds are not whole numbers from 0, the smaller first.
 */
export function list<const Part extends SpaceNode | Space | Fields>(
  item: Part,
  { min = 1, max }: LengthOptions,
): ListNode<ItemOf<Part>> {
  const bounds = checkBounds(min, max, 'list', 0);
  return Object.freeze({ kind: 'list', item: nodeOf(item, 'list'), ...bounds });
}

/**
 * The values in any order, each once; a number n means 0 to n - 1. In a config, an array.
 * @throws {SpaceError} when there are no values, or one occurs twice.
 */
export function permutation(size: number): PermutationNode<number>;
export function permutation<const Value extends ParameterValue>(values: readonly Value[]): PermutationNode<Value>;
export function permutation(values: number | readonly ParameterValue[]): PermutationNode {
  if (typeof values !== 'number') return permutationOf(values, 'permutation');
  if (!Number.isSafeInteger(values))
    throw new SpaceError('permutation', `its size is ${quote(values)}: give a whole number`);
  return permutationOf(
    Array.from({ length: values }, (_, index) => index),
    'permutation',
  );
}

/** How the nodes of a graph may be connected. */
export interface GraphOptions extends LengthOptions {
  /** The most sources that a node reads. Default 2. */
  readonly inputs?: number;
  /** Whether each node reads the one before it, so that other sources are skip connections. Default false. */
  readonly chain?: boolean;
}

/**
 * An architecture: a cell of nodes, or with `chain` a chain of blocks with skip connections. Each node is one of
 * `node`'s configs, and reads one or more of the graph's input (source 0) and the nodes before it (source n is the
 * n-th node, from 1). What no node reads is the graph's output: {@link graphOutputs}.
 *
 * ```ts
 * const block = choice({ conv: { kernel: choice([3, 5]) }, pool: {} });
 * const search = space({ cell: graph(block, { min: 2, max: 5 }) });
 * // one config: { cell: [{ type: 'conv', kernel: 3, from: [0] }, { type: 'pool', from: [0, 1] }] }
 * ```
 *
 * Every choice of sources is valid, so mutation and crossover need no repair.
 * Source: the cells of Zoph et al., "Learning transferable architectures for scalable image recognition", CVPR 2018.
 * @throws {SpaceError} when a bound is not a whole number from 1, or a node has a parameter named `from`.
 */
export function graph<const Part extends BranchNode | GroupNode | Fields>(
  node: Part,
  { min = 1, max, inputs = 2, chain = false }: GraphOptions,
): ArchitectureNode<ItemOf<Part> & ConfigObject> {
  const made = nodeOf(node, 'graph');
  if (made.kind !== 'branch' && made.kind !== 'group') {
    throw new SpaceError('graph', `a node is a ${made.kind}: give an object of parameters, or a choice of groups`);
  }
  return architecture({ node: made, min, max, inputs, chain }, 'graph') as ArchitectureNode<
    ItemOf<Part> & ConfigObject
  >;
}

/** The sources that no node of a graph reads, ascending: what the graph puts out, never empty. */
export function graphOutputs(steps: readonly { readonly from: readonly number[] }[]): readonly number[] {
  const read = new Set(steps.flatMap(({ from }) => from));
  return steps.map((_, index) => index + 1).filter((source) => !read.has(source));
}
