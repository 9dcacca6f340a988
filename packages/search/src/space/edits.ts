/**
 * Edits of lists, permutations and graphs as wholes: changing parameter by parameter, an item put in at the front would
 * shift the meaning of all behind it.
 */
import type { RandomStream } from '../random/random-stream.ts';
import { branchField } from './kinds/branch.ts';
import { sourceField } from './kinds/graph.ts';
import { kindOf } from './kinds/table.ts';
import type { ArchitectureNode, ConfigObject, ConfigValue, ListNode, PermutationNode, SpaceNode } from './node.ts';
import { sampleParameter, type Space } from './space.ts';

type Items = readonly ConfigValue[];
type SequenceNode = ListNode | PermutationNode | ArchitectureNode;
type Replace = (part: ConfigValue) => ConfigValue;

/** A part of a config that is an array, and the config with another part in its place. */
interface Sequence {
  readonly node: SequenceNode;
  readonly items: Items;
  readonly replace: Replace;
}

/** Every array of a config, outer ones first. */
function sequencesOf(node: SpaceNode, value: ConfigValue, replace: Replace): readonly Sequence[] {
  switch (node.kind) {
    case 'group': {
      const fields = value as ConfigObject;
      return Object.entries(node.fields).flatMap(([name, child]) =>
        sequencesOf(child, fields[name] ?? null, (part) => replace({ ...fields, [name]: part })),
      );
    }
    case 'branch': {
      const group = node.branches[(value as Readonly<Record<typeof branchField, string>>)[branchField]];
      return group === undefined ? [] : sequencesOf(group, value, replace);
    }
    case 'list':
    case 'graph': {
      const items = value as Items;
      const child = node.kind === 'list' ? node.item : node.node;
      const inner = items.flatMap((item, index) =>
        sequencesOf(child, item, (part) => replace(items.with(index, part))),
      );
      return [{ node, items, replace }, ...inner];
    }
    case 'permutation':
      return [{ node, items: value as Items, replace }];
    default:
      return [];
  }
}

/** A new part, drawn at random. */
function sampled(node: SpaceNode, random: RandomStream): ConfigValue {
  return kindOf(node).build(node, '', (path, parameter) => sampleParameter(parameter, random.at(`part ${path}`)));
}

const sourcesOf = (step: ConfigValue): readonly number[] => (step as ConfigObject)[sourceField] as readonly number[];

/** A node of a graph with its sources made valid for its place: known ones, not too many, the chain kept. */
function rewired(step: ConfigValue, sources: readonly number[], place: number, node: ArchitectureNode): ConfigObject {
  const fitting = [...new Set(sources)].filter((source) => source <= place && !(node.chain && source === place));
  const most = node.inputs - (node.chain ? 1 : 0);
  const kept = fitting.toSorted((a, b) => b - a).slice(0, most);
  if (node.chain || kept.length === 0) kept.push(place);
  return { ...(step as ConfigObject), [sourceField]: kept.toSorted((a, b) => a - b) };
}

/** One edit of an array: undefined where it cannot be made. */
type Edit<Node extends SequenceNode> = (node: Node, items: Items, random: RandomStream) => Items | undefined;

const swapped: Edit<ListNode | PermutationNode> = (_node, items, random) => {
  if (items.length < 2) return undefined;
  const place = random.at('place').below(items.length - 1);
  return items.with(place, items[place + 1] ?? null).with(place + 1, items[place] ?? null);
};

const moved: Edit<PermutationNode> = (_node, items, random) => {
  if (items.length < 3) return undefined;
  const from = random.at('from').below(items.length);
  const to = random.at('to').below(items.length);
  return items.toSpliced(from, 1).toSpliced(to, 0, items[from] ?? null);
};

const listEdits: readonly Edit<ListNode>[] = [
  ({ item, max }, items, random) =>
    items.length < max
      ? items.toSpliced(random.at('place').below(items.length + 1), 0, sampled(item, random))
      : undefined,
  ({ min }, items, random) =>
    items.length > min ? items.toSpliced(random.at('place').below(items.length), 1) : undefined,
  swapped,
];

const graphEdits: readonly Edit<ArchitectureNode>[] = [
  // A node put between others: what read its place's predecessor may read it instead.
  (node, items, random) => {
    if (items.length >= node.max) return undefined;
    const place = random.at('place').below(items.length + 1);
    const source = place + 1;
    const redirect = random.at('redirect').chance(0.5);
    const later = items.slice(place).map((step, index) => {
      const shifted = sourcesOf(step).map((from) =>
        from > place ? from + 1 : redirect && from === place ? source : from,
      );
      return rewired(step, shifted, place + 1 + index, node);
    });
    const inserted = rewired(sampled(node.node, random), [place, random.at('skip').below(place + 1)], place, node);
    return [...items.slice(0, place), inserted, ...later];
  },
  // A node taken out: what read it reads what it read.
  (node, items, random) => {
    if (items.length <= node.min) return undefined;
    const place = random.at('place').below(items.length);
    const source = place + 1;
    const bypass = sourcesOf(items[place] ?? null);
    const later = items.slice(place + 1).map((step, index) => {
      const sources = sourcesOf(step).flatMap((from) => (from === source ? bypass : from > source ? from - 1 : from));
      return rewired(step, sources, place + index, node);
    });
    return [...items.slice(0, place), ...later];
  },
  // A node rewired.
  (node, items, random) => {
    const place = random.at('place').below(items.length);
    const step = items[place] ?? null;
    const count = 1 + random.at('count').below(node.inputs);
    const sources = Array.from({ length: count }, (_, index) => random.at(`source ${index}`).below(place + 1));
    return items.with(place, rewired(step, sources, place, node));
  },
];

function editsOf({ node, items }: Sequence, random: RandomStream): readonly Items[] {
  const tries: readonly (Items | undefined)[] =
    node.kind === 'list'
      ? listEdits.map((edit, index) => edit(node, items, random.at(`edit ${index}`)))
      : node.kind === 'graph'
        ? graphEdits.map((edit, index) => edit(node, items, random.at(`edit ${index}`)))
        : [swapped, moved].map((edit, index) => edit(node, items, random.at(`edit ${index}`)));
  return tries.filter((tried) => tried !== undefined);
}

/**
 * A config with one array of it edited as a whole: an item of a list put in, taken out or swapped, a permutation's
 * values moved, a graph's node put in, taken out or rewired. Everything else stays, also behind the edit, which changes
 * of single parameters cannot do. Undefined when the config has no array that can be edited.
 *
 * Source: the mutations of Real et al., "Regularized evolution for image classifier architecture search", AAAI 2019.
 * @throws {ConfigError} when the config is not in the space.
 */
export function editSequence<Config extends ConfigObject>(
  space: Space<Config>,
  config: Config,
  random: RandomStream,
): Config | undefined {
  const whole = space.normalize(config);
  const edits = sequencesOf(space.root, whole, (part) => part).flatMap((sequence, index) =>
    editsOf(sequence, random.at(`sequence ${index}`)).map((items) => sequence.replace(items)),
  );
  const key = space.key(whole);
  const changed = edits.map((edited) => space.normalize(edited)).filter((edited) => space.key(edited) !== key);
  return random.at('edit').pick(changed);
}
