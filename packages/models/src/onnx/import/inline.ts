/** Functions of a model, put in the places of the nodes that call them. */
import type { Attribute, Graph, GraphNode } from '../run/graph.ts';

/** A graph without nodes that are functions of the model. */
export function inlineFunctions(graph: Graph): Graph {
  let count = 0;
  const expand = (nodes: readonly GraphNode[]): GraphNode[] =>
    nodes.flatMap((node) => {
      const inner = node.operator.graph;
      if (!inner) return [withGraphs(node, inlineFunctions)];
      const prefix = `${node.name || node.type}.${count++}`;
      const names = new Map<string, string>();
      for (const [index, { name }] of inner.inputs.entries()) names.set(name, node.inputs[index] ?? '');
      for (const [index, { name }] of inner.outputs.entries())
        if (node.outputs[index]) names.set(name, node.outputs[index]);
      const renamed = (name: string): string => (name === '' ? '' : (names.get(name) ?? `${prefix}.${name}`));
      // An output that is an input as it stands needs a node of its own, which no function of an exporter has.
      return expand(inner.nodes.map((each) => renameNode(each, renamed, `${prefix}.`)));
    });
  return { ...graph, nodes: expand(graph.nodes) };
}

/** A node with its graphs within replaced. */
export function withGraphs(node: GraphNode, by: (graph: Graph) => Graph): GraphNode {
  const attributes = new Map<string, Attribute>();
  for (const [name, value] of node.attributes) attributes.set(name, isGraph(value) ? by(value) : value);
  return { ...node, attributes };
}

/** Whether an attribute is a graph. */
export function isGraph(value: Attribute): value is Graph {
  return typeof value === 'object' && 'nodes' in value;
}

function renameNode(node: GraphNode, renamed: (name: string) => string, prefix: string): GraphNode {
  return withGraphs(
    { ...node, name: `${prefix}${node.name}`, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) },
    (inner) => renameGraph(inner, renamed, prefix),
  );
}

/** A graph within, which sees the names around it: its own names stay what they are, others are renamed. */
function renameGraph(graph: Graph, renamed: (name: string) => string, prefix: string): Graph {
  const own = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const inner = (name: string): string => (own.has(name) ? name : renamed(name));
  return {
    ...graph,
    outputs: graph.outputs.map((each) => ({ ...each, name: inner(each.name) })),
    nodes: graph.nodes.map((node) => renameNode(node, inner, prefix)),
  };
}

/** The names that a graph takes from around it. */
export function namesFromAround(graph: Graph): Set<string> {
  const own = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const used = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes) for (const name of namesUsed(node)) used.add(name);
  return new Set([...used].filter((name) => !own.has(name)));
}

/** The names that a node takes, with those that its graphs take from around them. */
export function namesUsed(node: GraphNode): string[] {
  const inner = [...node.attributes.values()].flatMap((value) => (isGraph(value) ? [...namesFromAround(value)] : []));
  return [...node.inputs.filter((name) => name !== ''), ...inner];
}
