/** What of a graph is known before it is given anything: computed once, and put in as constants. */
import type { Device } from '@espalier/tensor';
import { usualHostElements } from '../run/call.ts';
import { callNode } from '../run/evaluate.ts';
import type { Graph, GraphNode } from '../run/graph.ts';
import type { Value } from '../values/value.ts';
import type { CodedConstants } from './coded-constants.ts';
import { namesUsed, withGraphs } from './inline.ts';

/** Results of at most this many elements are kept: larger ones take more than the nodes that make them. */
const mostKept = 2 ** 24;

/** Operators whose results are no fold of theirs, whatever they are given. */
const neverFolded: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap', 'ConstantOfShape']);

/**
 * A graph of which constant parts are computed, names that stand for others replaced, and unused nodes left out. `coded` is told
 * what was computed.
 */
export function foldConstants(graph: Graph, device: Device, coded?: CodedConstants): Graph {
  const constants = new Map(graph.constants);
  const same = new Map<string, string>();
  const kept: GraphNode[] = [];
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const plain = (name: string): string => same.get(name) ?? name;
  const setting = { device, hostElements: usualHostElements, runGraph: () => [] };
  for (const each of graph.nodes) {
    const node = renamed(each, plain);
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.type === 'Identity' && node.domain === '' && !outputs.has(output)) {
      same.set(output, input);
      continue;
    }
    const values = foldable(node, constants);
    const results = values && callNode(node, values, setting);
    if (results?.every(([, value]) => value.kind !== 'tensor' || value.size <= mostKept)) {
      for (const [name, value] of results) constants.set(name, value);
      coded?.note(node, values as readonly (Value | undefined)[]);
    } else kept.push(node);
  }
  return withoutUnused({ ...graph, constants, nodes: kept });
}

/** The inputs of a node that only depends on constants; undefined of another one. */
function foldable(node: GraphNode, constants: ReadonlyMap<string, Value>): (Value | undefined)[] | undefined {
  if (node.domain === '' && neverFolded.has(node.type)) return undefined;
  const values = node.inputs.map((name) => (name === '' ? undefined : constants.get(name)));
  return values.every((value, index) => value !== undefined || node.inputs[index] === '') ? values : undefined;
}

function renamed(node: GraphNode, plain: (name: string) => string): GraphNode {
  const inner = (graph: Graph): Graph => {
    const own = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.constants.keys(),
      ...graph.nodes.flatMap((each) => each.outputs),
    ]);
    const seen = (name: string): string => (own.has(name) ? name : plain(name));
    return {
      ...graph,
      outputs: graph.outputs.map((each) => ({ ...each, name: seen(each.name) })),
      nodes: graph.nodes.map((each) => renamed(each, seen)),
    };
  };
  return withGraphs({ ...node, inputs: node.inputs.map(plain) }, inner);
}

/** Without nodes and constants that no output depends on. */
export function withoutUnused(graph: Graph): Graph {
  const used = new Set(graph.outputs.map(({ name }) => name));
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => used.has(name))) return false;
    for (const name of namesUsed(node)) used.add(name);
    return true;
  });
  return {
    ...graph,
    nodes: nodes.toReversed(),
    constants: new Map([...graph.constants].filter(([name]) => used.has(name))),
  };
}
