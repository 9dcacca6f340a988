/**
 * The kind of nodes that are architectures: sets of sources are choices too, so that whatever strategies propose is a
 * graph without cycles.
 */
import { quote } from '../../checked/quote.ts';
import { SpaceError, ValueError } from '../../errors.ts';
import { isObject } from '../../json.ts';
import type { ArchitectureNode, ConfigObject, ConfigValue, NodeKind } from '../node.ts';
import type { ChoiceParameter } from '../parameter.ts';
import { itemPath, joinPath, lengthPath, showPath } from '../path.ts';
import { diffNodes, type KindTable } from './group.ts';
import { boundsChange, checkBounds, chooseLength, readLength } from './list.ts';
import { int } from './number.ts';

/** The field of a node that names what it reads. */
export const sourceField = 'from';

/** More sets of sources than this cannot be one choice that a strategy could learn. */
const mostWirings = 1024;

/** Every set of up to `most` of the sources 0 to `last`, of `least` at least, smaller sets first. */
function subsets(last: number, least: number, most: number): readonly (readonly number[])[] {
  let level: (readonly number[])[] = [[]];
  const found = least === 0 ? [...level] : [];
  for (let size = 1; size <= Math.min(most, last + 1); size += 1) {
    level = level.flatMap((set) =>
      Array.from({ length: last - (set.at(-1) ?? -1) }, (_, index) => [...set, (set.at(-1) ?? -1) + 1 + index]),
    );
    if (size >= least) found.push(...level);
  }
  return found;
}

/** How many sets {@link subsets} gives; at the latest from `mostWirings` on, some number above that. */
function countSubsets(last: number, least: number, most: number): number {
  let [total, ofSize] = [least === 0 ? 1 : 0, 1];
  for (let size = 1; size <= Math.min(most, last + 1) && total <= mostWirings; size += 1) {
    ofSize *= (last + 2 - size) / size;
    if (size >= least) total += Math.round(ofSize);
  }
  return total;
}

/** What a node may read, as the parameter that says it: one choice, so that every value is valid. */
interface Wiring {
  /** Sets of sources in ascending order. */
  readonly sets: readonly (readonly number[])[];
  readonly parameter: ChoiceParameter<string>;
}

const written = (sources: readonly number[]): string => sources.join('+');
const known = new WeakMap<ArchitectureNode, Wiring[]>();

/** What the node of a place may read. */
function wiringOf(node: ArchitectureNode, place: number): Wiring {
  const places = known.get(node) ?? [];
  known.set(node, places);
  const { inputs, chain } = node;
  const sets =
    places[place]?.sets ??
    (chain ? subsets(place - 1, 0, inputs - 1).map((skips) => [...skips, place]) : subsets(place, 1, inputs));
  return (places[place] ??= { sets, parameter: { kind: 'choice', values: sets.map(written) } });
}

/**
 * An architecture of nodes that read each other's outputs.
 * @throws {SpaceError} when a bound is not a whole number, a node has a parameter `from`, or there are too many
 * wirings.
 */
export function architecture(
  { node, min, max, inputs, chain }: Omit<ArchitectureNode, 'kind'>,
  at: string,
): ArchitectureNode {
  const place = showPath(at);
  if (!Number.isSafeInteger(inputs) || inputs < 1) {
    throw new SpaceError(place, `a node reads up to ${quote(inputs)} sources: give a whole number from 1`);
  }
  const groups = node.kind === 'group' ? [node] : Object.values(node.branches);
  if (groups.some(({ fields }) => Object.hasOwn(fields, sourceField))) {
    throw new SpaceError(place, `a node cannot have a parameter '${sourceField}', which names its sources: rename it`);
  }
  const made: ArchitectureNode = Object.freeze({ kind: 'graph', node, ...checkBounds(min, max, at, 1), inputs, chain });
  const last = made.max - 1;
  const most = chain ? countSubsets(last - 1, 0, inputs - 1) : countSubsets(last, 1, inputs);
  if (most <= mostWirings) return made;
  throw new SpaceError(
    place,
    `the last of ${made.max} nodes could read more than ${mostWirings} sets of up to ${inputs} sources: lower inputs`,
  );
}

/** The kind of architecture graphs: what a node reads is chosen among those before it, so that no cycle can arise. */
export function graphKindIn(table: KindTable): NodeKind<ArchitectureNode> {
  const { kindOf, describeNode, parseNode } = table;
  const sizeAt = (node: ArchitectureNode, place: number): number =>
    kindOf(node.node).size(node.node) * wiringOf(node, place).sets.length;
  const step = (fields: ConfigValue, from: readonly number[]): ConfigObject =>
    Object.freeze({ ...(fields as ConfigObject), [sourceField]: Object.freeze([...from]) });
  return {
    build: (node, path, choose) => {
      const length = chooseLength(node, path, choose);
      return Object.freeze(
        Array.from({ length }, (_, place) => {
          const at = itemPath(path, place);
          const fields = kindOf(node.node).build(node.node, at, choose);
          const wiring = String(choose(joinPath(at, sourceField), wiringOf(node, place).parameter));
          return step(fields, wiring.split('+').map(Number));
        }),
      );
    },
    read: (node, value, path, visitor) => {
      for (const [place, each] of (readLength(node, value, path, visitor) ?? []).entries()) {
        const at = itemPath(path, place);
        const from = joinPath(at, sourceField);
        if (!isObject(each)) {
          visitor.issue(at, `${at} is ${quote(each)}: it must be an object`);
          continue;
        }
        const { [sourceField]: sources, ...fields } = each;
        kindOf(node.node).read(node.node, fields, at, visitor);
        const wiring = Array.isArray(sources) ? written(sources as readonly number[]) : '';
        const { parameter } = wiringOf(node, place);
        if (parameter.values.includes(wiring)) visitor.parameter(from, parameter, wiring);
        else {
          const kept = node.chain ? `, ${place} among them` : '';
          visitor.issue(
            from,
            `${from} is ${quote(sources)}: it must be 1 to ${node.inputs} of the sources 0 to ${place}, ascending${kept}`,
          );
        }
      }
    },
    parameters: (node, path, visit) => {
      if (node.min < node.max) visit(lengthPath(path), int(node.min, node.max));
      for (let place = 0; place < node.max; place += 1) {
        const at = itemPath(path, place);
        kindOf(node.node).parameters(node.node, at, visit);
        visit(joinPath(at, sourceField), wiringOf(node, place).parameter);
      }
    },
    count: ({ node, max }) => max * (kindOf(node).count(node) + 1) + 1,
    size: (node) => {
      let [total, product] = [0, 1];
      for (let place = 0; place < node.max; place += 1) {
        product *= sizeAt(node, place);
        if (place + 1 >= node.min) total += product;
      }
      return total;
    },
    at: (node, index) => {
      let rest = index;
      let product = 1;
      for (let length = 1; length <= node.max; length += 1) {
        product *= sizeAt(node, length - 1);
        if (length < node.min) continue;
        if (rest >= product) {
          rest -= product;
          continue;
        }
        const steps: ConfigObject[] = [];
        for (let place = 0; place < length; place += 1) {
          const [size, sets] = [kindOf(node.node).size(node.node), wiringOf(node, place).sets];
          const fields = kindOf(node.node).at(node.node, rest % size);
          rest = Math.floor(rest / size);
          steps.push(step(fields, sets[rest % sets.length] ?? []));
          rest = Math.floor(rest / sets.length);
        }
        return Object.freeze(steps);
      }
      throw new ValueError(`graph: there is no config of index ${quote(index)}`);
    },
    diff: (before, after, path) => {
      const wiring = ({ inputs, chain }: ArchitectureNode): string => `inputs ${inputs}${chain ? ', chain' : ''}`;
      const [old, now] = [wiring(before), wiring(after)];
      const compatible = before.chain === after.chain && after.inputs >= before.inputs;
      return [
        ...boundsChange(before, after, path),
        ...(old === now ? [] : [{ path, change: 'changed' as const, before: old, after: now, compatible }]),
        ...diffNodes(table, before.node, after.node, `${path}[]`),
      ];
    },
    describe: ({ node, min, max, inputs, chain }) =>
      `graph(${describeNode(node)}, { min: ${min}, max: ${max}, inputs: ${inputs}${chain ? ', chain: true' : ''} })`,
    parse: ({ node, min, max, inputs, chain }, path) => {
      const read = parseNode(node, `${path}[]`);
      if (read.kind !== 'group' && read.kind !== 'branch') {
        throw new SpaceError(`${path}[]`, `it is a ${read.kind}: a node must be a group or a branch`);
      }
      const bounds = checkBounds(min, max, path, 1);
      return architecture({ node: read, ...bounds, inputs: inputs as number, chain: chain === true }, path);
    },
  };
}
