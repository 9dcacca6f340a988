/** Mutations of JSON that stays JSON, so that what is behind the parser is reached. */
import { deep, many, names, numbers, values } from './dictionary.ts';
import { mutateText } from './mutate-text.ts';
import type { Random } from './random.ts';

/** Stands in a value for a text that no value would give, such as a nesting that cannot be written by recursion. */
const slot = '\u0001slot\u0001';

type Container = unknown[] | Record<string, unknown>;

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Sets an own field, whatever its name. */
function set(container: Container, key: string, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Every place of a value that holds another. */
function placesOf(root: Container): readonly (readonly [container: Container, key: string])[] {
  const places: (readonly [Container, string])[] = [];
  const waiting: Container[] = [root];
  for (const container of waiting) {
    for (const key of Object.keys(container)) {
      places.push([container, key]);
      const value: unknown = Reflect.get(container, key);
      if (isContainer(value)) waiting.push(value);
    }
  }
  return places;
}

const giants: readonly string[] = [
  '['.repeat(deep) + ']'.repeat(deep),
  `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
  `{${Array.from({ length: many }, (_, key) => `"k${key}":${key}`).join()}}`,
  `[${Array.from({ length: many }, (_, item) => item).join()}]`,
  `{"__proto__":{"a":1},"constructor":{"prototype":null}}`,
  '1e999',
];

/** Changes a value in one place, and gives the text that its slot stands for, if it has one now. */
function change(root: Container, random: Random): string | undefined {
  const places = placesOf(root);
  if (places.length === 0) return undefined;
  const [container, key] = random.pick(places);
  const value: unknown = Reflect.get(container, key);
  const [other, otherKey] = random.pick(places);
  switch (random.below(10)) {
    case 0:
    case 1:
      // A copy, for what is put in may be changed in its turn, and the next mutant takes from the same values.
      set(container, key, structuredClone(random.pick(values)));
      return undefined;
    case 2:
      set(container, key, random.pick(numbers));
      return undefined;
    case 3:
      if (Array.isArray(container)) container.splice(Number(key), 1);
      else Reflect.deleteProperty(container, key);
      return undefined;
    case 4:
      if (Array.isArray(container)) container.push(value);
      else set(container, random.pick(names), value);
      return undefined;
    case 5:
      if (!Array.isArray(container)) Reflect.deleteProperty(container, key);
      if (!Array.isArray(container)) set(container, random.pick(names), value);
      return undefined;
    case 6:
      // A copy here too, so that no value comes to hold itself.
      set(container, key, structuredClone(Reflect.get(other, otherKey) as unknown));
      return undefined;
    case 7:
      set(container, key, random.chance(0.5) ? [value] : { [random.pick(names)]: value });
      return undefined;
    case 8:
      if (typeof value === 'number') set(container, key, value + random.pick([-1, 1, 0.5, 1e9]));
      else set(container, key, typeof value === 'string' ? value + random.pick(names) : null);
      return undefined;
    default:
      if (random.chance(0.8)) return undefined;
      set(container, key, slot);
      return random.pick(giants);
  }
}

/** A text of JSON whose value has changed in a few places; what is no JSON, as text. */
export function mutateJson(input: Uint8Array, random: Random, words: readonly string[] = []): Uint8Array {
  if (random.chance(0.1)) return mutateText(input, random, words);
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(input).toString());
  } catch {
    return mutateText(input, random, words);
  }
  const holder: Container = { root };
  let giant: string | undefined;
  for (let count = 1 + random.below(3); count > 0 && giant === undefined; count -= 1) giant = change(holder, random);
  const text = JSON.stringify(holder['root'] ?? null);
  return Buffer.from(giant === undefined ? text : text.replace(JSON.stringify(slot), () => giant));
}
