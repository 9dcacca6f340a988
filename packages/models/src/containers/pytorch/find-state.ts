/** Where in what was saved the tensors are: at the top, in a module, or under a key such as `state_dict`. */
import type { Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { brief } from '@espalier/tensor/arguments';
import { allPlaces, isModule, tensorsIn, type PlacesLeft } from './module-tree.ts';
import { entriesOf, itemsOf, numberOf, type PickleObject, type PickleValue } from './pickle/values.ts';
import { makerOf, type Refuse } from './torch-tensor.ts';

/** A map of tensors that was found. */
export interface FoundState {
  /** The key that it stands under; empty for what is at the top. */
  readonly key: string;
  readonly tensors: ReadonlyMap<string, PickleObject>;
  /** The module that they are of, where a whole one was saved. */
  readonly module: PickleObject | undefined;
  /** What stands beside them in the same map. */
  readonly rest: ReadonlyMap<string, PickleValue>;
}

const nothing: ReadonlyMap<string, PickleValue> = new Map();

function named(
  entries: Iterable<readonly [PickleValue, PickleValue]>,
  refuse: Refuse,
): Omit<FoundState, 'key'> | undefined {
  const tensors = new Map<string, PickleObject>();
  const rest = new Map<string, PickleValue>();
  for (const [key, value] of entries) {
    const name = typeof key === 'string' ? key : numberOf(key)?.toString();
    const maker = makerOf(value);
    if (name === undefined) continue;
    // 1 and '1' are two keys there.
    if (maker && tensors.has(name)) return refuse(`has two tensors of the name ${showName(name)}; rename one`);
    if (maker) tensors.set(name, maker);
    else rest.set(name, value);
  }
  return tensors.size === 0 ? undefined : { tensors, rest, module: undefined };
}

/** What a value is, where it is a module, a tensor, or a map or list of tensors. */
function stateIn(
  value: PickleValue | undefined,
  refuse: Refuse,
  places: PlacesLeft,
): Omit<FoundState, 'key'> | undefined {
  if (isModule(value)) return { tensors: tensorsIn(value, refuse, places), module: value, rest: nothing };
  const maker = makerOf(value);
  if (maker) return { tensors: new Map([['tensor', maker]]), module: undefined, rest: nothing };
  return named(entriesOf(value) ?? itemsOf(value)?.entries() ?? [], refuse);
}

/**
 * The state in what was saved: the only one, or that under `key`.
 * @throws {FormatError} by `refuse`, where there is none, or several, whose keys it names.
 */
export function findState(root: PickleValue, key: string | undefined, refuse: Refuse): FoundState {
  const places = allPlaces();
  const top = stateIn(root, refuse, places);
  const below = [...(entriesOf(root) ?? [])].flatMap(([name, value]): FoundState[] => {
    if (typeof name !== 'string' || makerOf(value)) return [];
    const state = stateIn(value, refuse, places);
    return state ? [{ ...state, key: name }] : [];
  });
  const found = [...(top ? [{ ...top, key: '' }] : []), ...below];
  const names = found
    .map((each) => `${showName(each.key)} (${each.tensors.size} tensors)`)
    .slice(0, 8)
    .join(', ');
  const [first] = found;
  if (!first) {
    const keys = [...(entriesOf(root)?.keys() ?? [])].flatMap((each) =>
      typeof each === 'string' ? brief(each, 40) : [],
    );
    return refuse(`holds no tensors at its top, nor right under a key of it${keys.length > 0 ? `; there are ${keys.slice(0, 8).join(', ')}` : ''}`); // prettier-ignore
  }
  if (key !== undefined) return found.find((each) => each.key === key) ?? refuse(`has no tensors under the key ${showName(key)}; there are ${names}`); // prettier-ignore
  return found.length === 1 ? first : refuse(`holds tensors in several places; name one by key (--key): ${names}`);
}

/** Values that a description may have, so that what refers to itself ends. */
const mostValues = 20_000;
const deepest = 12;

/** What JSON can say of values that stand beside tensors; tensors and objects left out. */
export function describeRest(rest: ReadonlyMap<string, PickleValue>): { readonly [key: string]: Json } {
  let left = mostValues;
  const json = (value: PickleValue, level: number): Json | undefined => {
    if (--left < 0 || level > deepest) return undefined;
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'bigint') return String(value);
    const number = numberOf(value);
    if (number !== undefined) return Number.isFinite(number) ? number : String(number);
    const items = itemsOf(value);
    if (items) return items.map((item) => json(item, level + 1)).filter((each) => each !== undefined);
    const entries = entriesOf(value);
    if (!entries || makerOf(value)) return undefined;
    return Object.fromEntries(
      [...entries].flatMap(([key, each]) => {
        const name = typeof key === 'string' ? key : numberOf(key)?.toString();
        const described = name === undefined ? undefined : json(each, level + 1);
        return name === undefined || described === undefined ? [] : [[name, described]];
      }),
    );
  };
  return Object.fromEntries(
    [...rest].flatMap(([key, value]) => {
      const described = json(value, 0);
      return described === undefined ? [] : [[key, described]];
    }),
  );
}
