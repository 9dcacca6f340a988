/** Whether a model of other sizes does what it did before. */
import type { AxisGraphNode } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { Sizes } from './axis.ts';
import { whereOf, type ModelGraph } from './model-graph.ts';
import { remedy } from './resize-config.ts';
import type { AxedGraph } from './widths.ts';

/**
 * @throws {RecipeError} unless a model does what another one did, on smaller tensors: the same ops in the same order, of the
 * same weights and constants, on the sizes that were foreseen. A module that computes a number from a size, such as
 * 1 / √size, is found by this.
 */
export function checkSame(place: string, before: AxedGraph, after: ModelGraph, sizes: Sizes): void {
  const [old, now] = [describe(before), describe(after)];
  for (const [index, { node, from, at }] of old.entries()) {
    const other = now[index];
    const axes = before.axes[at] ?? [];
    const wanted = axes.map((axis) => axis.sizeAt(sizes));
    const around = [...axes, ...node.inputs.flatMap((input) => before.axes[input] ?? [])];
    const changes = new Set(around.flatMap(({ parts }) => parts).map((axis) => `${axis.size}>${axis.sizeAt(sizes)}`));
    const wrong =
      other?.node.op !== node.op || other.from.join() !== from.join()
        ? `${node.op} of ${from.join(', ')} becomes ${other ? `${other.node.op} of ${other.from.join(', ')}` : 'nothing'}`
        : other.node.shape.join() !== wanted.join()
          ? `${node.op} gives [${other.node.shape.join(', ')}] instead of [${wanted.join(', ')}]`
          : isSameJson(node.attributes, other.node.attributes, changes)
            ? undefined
            : `${node.op} has ${JSON.stringify(other.node.attributes)} instead of ${JSON.stringify(node.attributes)}`;
    if (wrong === undefined) continue;
    throw new RecipeError(place, `${whereOf(before, at)} would do something else with fewer units: ${wrong}${remedy}`);
  }
  if (now.length > old.length)
    throw new RecipeError(
      place,
      `the model would do something else with fewer units: ${now.length} operations instead of ${old.length}${remedy}`,
    );
}

/** A node that computes something. */
interface Computing {
  readonly node: AxisGraphNode;
  readonly at: number;
  /** What its inputs are. */
  readonly from: readonly string[];
}

/** The nodes that compute, in their order, without views that come and go with axes of size 1. */
function describe({ nodes, places, input }: ModelGraph): Computing[] {
  const weights = new Map([...places].map(([name, place]) => [place, name]));
  const found: Computing[] = [];
  const names: string[] = [];
  for (const [at, node] of nodes.entries()) {
    const { op, kind, inputs } = node;
    const [first = 0] = inputs;
    const isView = op === 'reshape' || op === 'expand';
    names[at] = isView
      ? (names[first] as string)
      : (weights.get(at) ??
        (at === input ? 'the input' : kind === 'source' ? sourceOf(node, names) : `#${found.length}`));
    if (isView || weights.has(at) || kind === 'source') continue;
    found.push({ node, at, from: inputs.map((each) => names[each] as string) });
  }
  return found;
}

/** A value that nothing computes by itself, by all that is known of it. */
function sourceOf({ op, attributes, inputs }: AxisGraphNode, names: readonly string[]): string {
  return [op, JSON.stringify(attributes), ...inputs.map((each) => names[each])].join(' ');
}

/** Whether two values are the same but for numbers that are sizes which changed. */
function isSameJson(a: unknown, b: unknown, changes: ReadonlySet<string>): boolean {
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null)
    return (
      Object.keys(a).join() === Object.keys(b).join() &&
      Object.keys(a).every((key) => isSameJson(Reflect.get(a, key), Reflect.get(b, key), changes))
    );
  return Object.is(a, b) || changes.has(`${String(a)}>${String(b)}`);
}
