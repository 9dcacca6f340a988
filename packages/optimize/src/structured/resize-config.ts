/**
 * The description of a model of other sizes. What a module's options are called, and which sizes follow from them, only the
 * module knows: so its description is tried with other numbers in the places of those that were cut, the fewest first, until
 * it builds a module whose weights have the wanted shapes, and that gives the wanted shape for what it is called with.
 */
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { dryRun, noGrad, type Device, type DType, type Shape } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { Axis, Sizes } from './axis.ts';
import { configsBelow, isTyped, replaced } from './config-parts.ts';
import type { AxedGraph } from './widths.ts';

/** What to do about a module that cannot have other sizes: the end of errors. */
export const remedy = '; exclude its weights';

/** No module is tried in more ways. */
const mostTries = 4096;

/** What is known while descriptions are looked for. */
interface Search {
  readonly place: string;
  readonly graph: AxedGraph;
  readonly sizes: Sizes;
  /** The axes of parameters, by identity, and of buffers. */
  readonly axes: ReadonlyMap<object, readonly Axis[]>;
  readonly names: ReadonlyMap<Module, string>;
  readonly made: { readonly dtype: DType; readonly device: Device };
  /** Modules that were met; those that are met again stand in the description as references. */
  readonly seen: Set<Module>;
}

/**
 * The description of a model whose leaves of axes have other sizes.
 * @throws {RecipeError} naming the module for which there is none.
 */
export function resizedConfig(place: string, model: Module, graph: AxedGraph, sizes: Sizes): ModuleConfig {
  const axes = new Map<object, readonly Axis[]>();
  for (const [name, parameter] of model.namedParameters()) noteAxes(name, parameter.identity);
  for (const [name, buffer] of model.namedBuffers()) noteAxes(name, buffer);
  const [first] = model.parameters();
  const { dtype, device } = first ?? { dtype: 'f32' as const, device: model.buffers()[0]?.device as Device };
  const names = new Map([...model.namedModules()].map(([name, module]) => [module, name]));
  const search: Search = { place, graph, sizes, axes, names, made: { dtype, device }, seen: new Set([model]) };
  return resized(search, model.config(), model);

  function noteAxes(name: string, of: object): void {
    const at = graph.places.get(name);
    if (at !== undefined) axes.set(of, graph.axes[at] as readonly Axis[]);
  }
}

function resized(search: Search, config: ModuleConfig, module: Module): ModuleConfig {
  const below = configsBelow(search.seen, config, module);
  if (below) {
    const whole = replaced(config, below, (each, child) => resized(search, each, child)) as ModuleConfig;
    // Its modules were looked after; of a container there is nothing else.
    if (module.namedParameters({ own: true }).size + module.namedBuffers({ own: true }).size === 0) return whole;
    return fitting(search, whole, module);
  }
  return fitting(search, config, module);
}

/** The description itself, or the one nearest to it that fits. */
function fitting(search: Search, config: ModuleConfig, module: Module): ModuleConfig {
  const axes = axesAround(search, module);
  const changed = new Map<number, Set<number>>();
  for (const each of new Set(axes.flatMap(({ parts }) => parts))) {
    const size = each.sizeAt(search.sizes);
    if (size !== each.size) changed.set(each.size, (changed.get(each.size) ?? new Set()).add(size));
  }
  if (changed.size === 0) return config;
  let tries = 0;
  for (const candidate of candidates(config, changed)) {
    if (tries++ > mostTries) break;
    if (fits(search, candidate, module)) return candidate;
  }
  const name = search.names.get(module) || 'the model';
  const sizes = [...changed].map(([from, to]) => `${from} becomes ${[...to].join(' or ')}`).join(', ');
  throw new RecipeError(
    search.place,
    `no options of ${name} (${module.type}) give it the sizes it would need, where ${sizes}${remedy}`,
  );
}

/** The axes of all tensors of a module and below it, and of all that goes in and out of it. */
function axesAround({ axes, graph }: Search, module: Module): Axis[] {
  const own = [...module.parameters().map(({ identity }) => identity), ...module.buffers()];
  const calls = graph.sites.filter((site) => site.module === module);
  return [
    ...own.flatMap((each) => axes.get(each) ?? []),
    ...calls.flatMap(({ input, output }) => [...(graph.axes[input] ?? []), ...(graph.axes[output] ?? [])]),
  ];
}

/** The description with numbers replaced by what they may have become, the fewest first. */
function* candidates(config: ModuleConfig, changed: ReadonlyMap<number, ReadonlySet<number>>): Generator<ModuleConfig> {
  const places = numbersOf(config).filter(([, value]) => changed.has(value));
  for (let count = 0; count <= places.length; count++)
    for (const chosen of choices(places, count, changed)) yield withNumbers(config, chosen) as ModuleConfig;
}

type NumberPlace = readonly [path: string, value: number];

/** All ways to give `count` of some numbers another value. */
function* choices(
  places: readonly NumberPlace[],
  count: number,
  changed: ReadonlyMap<number, ReadonlySet<number>>,
): Generator<ReadonlyMap<string, number>> {
  if (count === 0) return yield new Map();
  for (const [index, [path, value]] of places.entries())
    for (const others of choices(places.slice(index + 1), count - 1, changed))
      for (const to of changed.get(value) as ReadonlySet<number>) yield new Map([[path, to], ...others]);
}

/** The numbers among the options, with their places; those inside of what has a type of its own are not options. */
function numbersOf(value: unknown, path = ''): NumberPlace[] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null || (path !== '' && isTyped(value))) return [];
  return Object.entries(value).flatMap(([key, each]) => numbersOf(each, `${path}/${key}`));
}

function withNumbers(value: unknown, numbers: ReadonlyMap<string, number>, path = ''): unknown {
  if (typeof value === 'number') return numbers.get(path) ?? value;
  if (typeof value !== 'object' || value === null || (path !== '' && isTyped(value))) return value;
  if (Array.isArray(value)) return value.map((each: unknown, index) => withNumbers(each, numbers, `${path}/${index}`));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withNumbers(each, numbers, `${path}/${key}`)]),
  );
}

/** Whether a description builds what a module has to become. */
function fits({ axes, sizes, graph, made }: Search, config: ModuleConfig, module: Module): boolean {
  const shapeAt = (own: readonly Axis[]): Shape => own.map((axis) => axis.sizeAt(sizes));
  let built: Module | undefined;
  try {
    built = build(config, { ...made, seed: 0 }).eval();
    for (const [now, wanted] of [
      [built.namedParameters({ repeated: true }), module.namedParameters({ repeated: true })],
      [built.namedBuffers({ repeated: true }), module.namedBuffers({ repeated: true })],
    ] as const) {
      if (now.size !== wanted.size) return false;
      for (const [name, each] of wanted) {
        const own = axes.get('identity' in each ? each.identity : each);
        const shape = own ? shapeAt(own) : each.shape;
        if (now.get(name)?.shape.join() !== shape.join()) return false;
      }
    }
    for (const { module: called, input, output } of graph.sites) {
      if (called !== module || input < 0) continue;
      const x = { ...made, dtype: graph.nodes[input]?.dtype as DType, shape: shapeAt(graph.axes[input] as Axis[]) };
      const gives = dryRun([x], (value) => noGrad(() => (built as Module).call(value).shape.join()));
      if (gives !== shapeAt(graph.axes[output] as Axis[]).join()) return false;
    }
    return true;
  } catch {
    // Numbers that contradict each other are refused by the module itself.
    return false;
  } finally {
    built?.dispose();
  }
}
