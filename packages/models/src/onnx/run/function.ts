/** A function of a model as an operator: its graph, run with the inputs of a node. */
import type { Graph } from './graph.ts';
import type { Operator } from './operator.ts';
import { evaluate } from './evaluate.ts';
import { nothing } from '../values/value.ts';

/** The operator that runs a graph, which sees nothing but its inputs. */
export function inlined(type: string, graph: Graph): Operator {
  return {
    type,
    graph,
    run: (call) =>
      evaluate(
        graph,
        graph.inputs.map((_, index) => call.value(index) ?? nothing),
        call.setting,
      ),
  };
}
