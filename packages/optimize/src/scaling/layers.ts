/** Layers whose channels can be scaled: what comes out of one by a number, and what goes into the next by its reciprocal. */
import type { Module, Parameter } from '@espalier/nn';
import { sizeOf } from '@espalier/tensor';
import { isMaskedOnly } from '../layout/masked-only.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { blockPairs } from './block-pairs.ts';

/** A layer that multiplies by a weight [out, in, …]; `in` is a part of the channels where a convolution has groups. */
export interface ScaledLayer {
  readonly named: NamedParameter;
  readonly module: Module;
}

/** A layer that can take a factor of each of its outputs, and the one that gets them divided by it. */
export interface ScaledPair {
  /** What its outputs are multiplied with: a weight by rows and a bias, or the gain and offset of a norm. */
  readonly from: readonly Parameter[];
  /** The weight among those; absent of a norm. */
  readonly weight: Parameter | undefined;
  /** How many outputs it has. */
  readonly channels: number;
  readonly to: ScaledLayer;
  /** Layers that get the same as `to`, and are scaled with it. */
  readonly together: readonly ScaledLayer[];
}

/** Layers that give c · y for c · x, whatever c > 0 a channel has. */
const homogeneous: ReadonlySet<string> = new Set([
  'relu',
  'leaky-relu',
  'identity',
  'dropout',
  'flatten',
  'max-pool2d',
  'avg-pool2d',
  'global-avg-pool',
]);

const weighted: ReadonlySet<string> = new Set(['linear', 'conv2d']);
const norms: ReadonlySet<string> = new Set(['batch-norm', 'layer-norm']);

const own = (module: Module): Map<string, Parameter> => module.namedParameters({ own: true });

/**
 * The layers of a model that multiply by one of some weights. One that an embedding, or any other module, reads as well is left
 * as it is: only layers divide what they are given by what its channels would be multiplied with.
 */
export function layersOf(model: Module, chosen: readonly NamedParameter[]): ScaledLayer[] {
  const layers: ScaledLayer[] = [];
  const elsewhere = new Set<object>();
  for (const module of model.namedModules().values()) {
    if (!weighted.has(module.type)) {
      for (const { identity } of own(module).values()) elsewhere.add(identity);
      continue;
    }
    const weight = own(module).get('weight');
    const named = chosen.find(({ parameter }) => parameter.identity === weight?.identity);
    if (named) layers.push({ named, module });
  }
  return layers.filter(({ named: { parameter } }) => !elsewhere.has(parameter.identity));
}

/**
 * The pairs of a model in which a layer follows another with nothing between but what is homogeneous, in the order in which an
 * example meets them: in sequences and in blocks of transformers, of layers that stand in one place and share no weight.
 */
export function pairsOf(model: Module, layers: readonly ScaledLayer[]): ScaledPair[] {
  const isAlone = standingAlone(model);
  const pairs: ScaledPair[] = [];
  for (const sequence of sequencesOf(model)) {
    let before: Module | undefined;
    let between: string[] = [];
    for (const module of sequence) {
      const to = layers.find((layer) => layer.module === module);
      const pair = before && to && isAlone(before) && isAlone(module) ? pairOf(before, to, between) : undefined;
      if (pair) pairs.push(pair);
      if (weighted.has(module.type) || norms.has(module.type)) [before, between] = [module, []];
      else if (homogeneous.has(module.type)) between.push(module.type);
      else before = undefined;
    }
  }
  return [...pairs, ...blockPairs(model, layers, isAlone)];
}

/** Whether a module of a model stands in one place and shares no parameter. */
export function standingAlone(model: Module): (module: Module) => boolean {
  const uses = new Map<object, number>();
  const count = (part: object): void => void uses.set(part, (uses.get(part) ?? 0) + 1);
  for (const { identity } of model.namedParameters({ repeated: true }).values()) count(identity);
  for (const module of model.namedModules().values()) for (const child of module.children().values()) count(child);
  return (module) =>
    (uses.get(module) ?? 1) === 1 && [...own(module).values()].every(({ identity }) => uses.get(identity) === 1);
}

/** What is called one after the other, sequences in sequences as one. */
export function sequencesOf(model: Module): Module[][] {
  const flat = (module: Module): Module[] =>
    module.type === 'sequential' ? [...module.children().values()].flatMap(flat) : [module];
  const inner = new Set<Module>();
  const found: Module[][] = [];
  for (const module of model.namedModules().values()) {
    if (module.type !== 'sequential' || inner.has(module)) continue;
    for (const below of module.namedModules().values())
      if (below.type === 'sequential' && isWithin(module, below)) inner.add(below);
    found.push(flat(module));
  }
  return found;
}

/** Whether a sequence stands in another with nothing but sequences between. */
function isWithin(outer: Module, sequence: Module): boolean {
  return [...outer.children().values()].some(
    (child) => child.type === 'sequential' && (child === sequence || isWithin(child, sequence)),
  );
}

function pairOf(before: Module, to: ScaledLayer, between: readonly string[]): ScaledPair | undefined {
  const parameters = own(before);
  const from = [...parameters.values()];
  const [first] = from;
  const isWeighted = weighted.has(before.type);
  // A norm without a gain takes nothing, and what is rounded takes it no more.
  if (!first || (!isWeighted && first.shape.length > 1) || !from.every(isMaskedOnly)) return undefined;
  const channels = first.shape[0] as number;
  const inputs = channelsOf(to);
  const isImage = before.type === 'conv2d' || before.type === 'batch-norm';
  const isReduced = between.includes('flatten') || between.includes('global-avg-pool');
  // Channels of an image are those of another, or lie side by side where it was flattened; features are where they were.
  const isImageTaken = to.module.type === 'conv2d' ? inputs === channels : isReduced && inputs % channels === 0;
  const isTaken = isImage ? isImageTaken : to.module.type === 'linear' && inputs === channels;
  return isTaken
    ? { from, weight: isWeighted ? parameters.get('weight') : undefined, channels, to, together: [] }
    : undefined;
}

/** How many channels go into a layer. */
export function channelsOf({ module, named: { parameter } }: ScaledLayer): number {
  const { groups = 1 } = Object(Reflect.get(module, 'options')) as { readonly groups?: number };
  return (parameter.shape[1] as number) * groups;
}

/** Which channel goes into an element of a layer's weight, by its index. */
export function channelAt(layer: ScaledLayer): (index: number) => number {
  const [rows = 1, inputs = 1, ...kernel] = layer.named.parameter.shape;
  const area = sizeOf(kernel);
  const groups = channelsOf(layer) / inputs;
  return (index) => {
    const row = Math.floor(index / (inputs * area));
    return Math.floor((row * groups) / rows) * inputs + (Math.floor(index / area) % inputs);
  };
}
