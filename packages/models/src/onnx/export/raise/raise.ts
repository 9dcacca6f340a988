/** Graphs in a newer version of the operators: node by node, change by change. */
import { OnnxError } from '../../errors.ts';
import type { Attribute, Declared, Graph, GraphNode } from '../../run/graph.ts';
import { elementTypeOf, elementTypes, type ElementType } from '../../values/element-types.ts';
import { OnnxTensor } from '../../values/value.ts';
import type { GraphWriter, WrittenNode } from '../graph-writer.ts';
import { ranksOf } from './ranks.ts';
import type { Surroundings } from './rewrite.ts';
import { nextChange, raisedVersions } from './rules.ts';

/** What is raised, and why. */
export interface RaiseSetting {
  /** The version that it is to be of. */
  readonly to: number;
  /** What needs it, in words: `weights in int8 …`. */
  readonly what: string;
  /** Of the graph. */
  readonly inputs: readonly Declared[];
  /** Types of the values that the graph came with. */
  readonly types: Iterable<ElementType>;
}

/** Nodes that a graph came with know of which version they are; what is added is written for any. */
const hasVersion = (node: WrittenNode): node is GraphNode => node.domain === '' && 'version' in node;

/** The nodes of a graph that is written as they are said in another version; constants that they need are added to the graph. */
export function raiseNodes(writer: GraphWriter, { to, what, inputs, types }: RaiseSetting): readonly WrittenNode[] {
  const refused = new Map<string, string>();
  const from = Math.min(to, ...writer.nodes.filter(hasVersion).map(({ version }) => version));
  if (from === to) return writer.nodes;
  if (from < raisedVersions.from || to > raisedVersions.to)
    throw refusal(
      what,
      to,
      from,
      `only graphs of the versions ${raisedVersions.from} to ${raisedVersions.to} are raised`,
    );
  const real = floatOf(types, writer.nodes);
  const add = (name: string, value: OnnxTensor): string => writer.constant(name, value);
  const raiseAll = (nodes: readonly WrittenNode[], given: readonly Declared[]): WrittenNode[] => {
    const around: Surroundings = {
      wholes: (name, values) => writer.wholes(name, values),
      floats: (name, values) => add(name, OnnxTensor.numbers('f32', values)),
      real: (name, value) => real && add(name, OnnxTensor.numbers(real, [value], [])),
      rankOf: ranksOf(nodes, given),
      isEmpty: (name) => writer.constants.get(name)?.size === 0,
    };
    return nodes.flatMap((node) => (hasVersion(node) ? raiseNode(node, around) : [node]));
  };
  const raiseGraph = (graph: Graph): Graph => ({
    ...graph,
    nodes: raiseAll(graph.nodes, graph.inputs) as GraphNode[],
  });
  const raiseNode = (node: GraphNode, around: Surroundings): GraphNode[] => {
    const next = nextChange(node.type, node.version, to);
    if (!next) return [{ ...node, version: to, attributes: withGraphsWithin(node.attributes, raiseGraph) }];
    const made = next.rewrite(node, around);
    if (typeof made !== 'string') return made.flatMap((each) => raiseNode({ ...each, version: next.at }, around));
    refused.set(`${node.label} ${made}`, node.type);
    return [];
  };
  const nodes = raiseAll(writer.nodes, inputs);
  if (refused.size > 0) throw refusal(what, to, from, some([...refused.keys()]));
  return nodes;
}

const some = (list: readonly string[]): string =>
  list.length <= 3 ? list.join('; ') : `${list.slice(0, 3).join('; ')}; and ${list.length - 3} more`;

function withGraphsWithin(
  attributes: ReadonlyMap<string, Attribute>,
  by: (graph: Graph) => Graph,
): ReadonlyMap<string, Attribute> {
  const isGraph = (value: unknown): value is Graph => typeof value === 'object' && value !== null && 'nodes' in value;
  return new Map(
    [...attributes].map(([name, value]): [string, Attribute] => [
      name,
      isGraph(value)
        ? by(value)
        : Array.isArray(value) && value.some(isGraph)
          ? (value as readonly Graph[]).map(by)
          : value,
    ]),
  );
}

/** The one type of floats that a graph computes in; undefined where there are several. */
function floatOf(types: Iterable<ElementType>, nodes: readonly WrittenNode[]): ElementType | undefined {
  const cast = nodes.flatMap(({ type, attributes }) => {
    const to = attributes.get('to');
    const found = type === 'Cast' && typeof to === 'number' ? elementTypeOf(to) : undefined;
    return found ? [found] : [];
  });
  const floats = new Set([...types, ...cast].filter((type) => elementTypes[type].kind === 'float'));
  const [only = 'f32', ...others] = floats;
  return others.length === 0 ? only : undefined;
}

/** What needs less, with the version that it needs. */
const lesser: readonly (readonly [version: number, what: string])[] = [
  [13, 'int8 with a scale for each channel'],
  [10, 'int8 with one scale for a weight'],
];

function refusal(what: string, to: number, from: number, why: string): OnnxError {
  const less = lesser.filter(([version]) => version < to).map(([version, form]) => `${form} needs ${version}`);
  const remedy = [`export the model from where it was made in version ${to} or newer`, ...(less.length > 0 ? [`quantize it in a form that needs less (${less.join(', ')})`] : [])]; // prettier-ignore
  return new OnnxError(
    'exportOnnx',
    `${what} need version ${to} of the operators, and the graph is of version ${from}: ${why}; ${remedy.join(', or ')}`,
  );
}
