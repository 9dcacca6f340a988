/** Layers that a model can do without: those that add something to what they are given. */
import type { Module } from '@espalier/nn';
import type { ModelGraph } from './model-graph.ts';

/** A layer that can be left out: what it is given is passed on instead. */
export interface Skippable {
  /** The dotted name of its place. */
  readonly name: string;
  readonly module: Module;
}

/**
 * The modules whose output is their input plus something computed from it, such as residual ones without a shortcut; of
 * several that do the same, one in the other, the innermost. One that is called twice, or shares a weight with another, is none.
 */
export function skippableLayers(model: Module, graph: ModelGraph): Skippable[] {
  const { nodes, sites } = graph;
  const found = new Map<string, Skippable>();
  const calls = new Map<Module, number>();
  for (const { module } of sites) calls.set(module, (calls.get(module) ?? 0) + 1);
  for (const { name, module, input, output } of sites) {
    const node = nodes[output];
    const key = `${input}>${output}`;
    if (node?.op !== 'add' || !node.inputs.includes(input) || found.has(key)) continue;
    const others = node.inputs.filter((each) => each !== input);
    const isComputed = others.some((each) => dependsOn(nodes, each, input));
    if (isComputed && name !== '' && calls.get(module) === 1 && !sharesWeights(model, name))
      found.set(key, { name, module });
  }
  return [...found.values()];
}

function dependsOn(nodes: ModelGraph['nodes'], place: number, on: number): boolean {
  const pending = [place];
  const seen = new Set<number>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === on) return true;
    if (next < on || seen.has(next)) continue;
    seen.add(next);
    pending.push(...(nodes[next]?.inputs ?? []));
  }
  return false;
}

/** Whether a parameter below a place stands in another place, too. */
function sharesWeights(model: Module, name: string): boolean {
  const all = [...model.namedParameters({ repeated: true })];
  const isBelow = (each: string): boolean => each.startsWith(`${name}.`);
  const own = new Set(all.flatMap(([each, { identity }]) => (isBelow(each) ? [identity] : [])));
  return all.some(([each, { identity }]) => !isBelow(each) && own.has(identity));
}
