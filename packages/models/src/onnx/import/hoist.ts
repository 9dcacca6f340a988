/** Weights of graphs within, which nodes like If and Loop have: moved to the graph around, which those within see. */
import type { Device } from '@espalier/tensor';
import type { Graph, GraphNode } from '../run/graph.ts';
import type { Value } from '../values/value.ts';
import { foldConstants } from './fold.ts';
import { withGraphs } from './inline.ts';

/** Constants of at least this many elements are weights; smaller ones stay where they are. */
const fewest = 64;

/** A graph whose graphs within have no large constants: those are its own, by new names. */
export function hoistConstants(graph: Graph, device: Device): Graph {
  const constants = new Map(graph.constants);
  let count = 0;
  const hoisted = (inner: Graph): Graph => {
    const folded = foldConstants(inner, device);
    const names = new Map<string, string>();
    const kept = new Map<string, Value>();
    for (const [name, value] of folded.constants) {
      const isOutput = folded.outputs.some((output) => output.name === name);
      if (isOutput || value.kind !== 'tensor' || value.size < fewest) {
        kept.set(name, value);
        continue;
      }
      const outer = `${name}.${count++}`;
      names.set(name, outer);
      constants.set(outer, value);
    }
    const renamed = (node: GraphNode): GraphNode =>
      withGraphs({ ...node, inputs: node.inputs.map((name) => names.get(name) ?? name) }, (deeper) => ({
        ...deeper,
        nodes: deeper.nodes.map(renamed),
      }));
    const nodes = folded.nodes.map((node) => withGraphs(node, hoisted));
    return { ...folded, constants: kept, nodes: nodes.map(renamed) };
  };
  const nodes = graph.nodes.map((node) => withGraphs(node, hoisted));
  return { ...graph, constants, nodes };
}
