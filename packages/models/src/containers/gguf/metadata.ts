/**
 * What a GGUF file says in pairs, as JSON and back. Plain values are what they look like: numbers, texts, truth values,
 * lists. JSON has fewer types than the format: what would not be written back as it was is told in one more entry, `typesKey`,
 * an object from keys to types (`ValueType`). Integers beyond 2^53 are decimal texts, NaN and infinities their names, and
 * arrays of bytes texts in base64: of all of these the types are told.
 */
import type { Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { decodeBase64 } from './base64.ts';
import { typeOfArrays, type TypedValue } from './read-header.ts';
import { isBytes, scalarOfName, type ValueType } from './value-types.ts';

/** The entry of metadata that has the types of others. */
export const typesKey = '__gguf_types__';

type Metadata = { readonly [key: string]: Json };

/** Long lists of a type that nobody would say otherwise: a vocabulary is not looked through. */
const usual: ReadonlySet<string> = new Set(['{"of":"string"}', '{"of":"bool"}']);

/** Pairs as JSON. */
export function metadataOf(pairs: ReadonlyMap<string, TypedValue>): Metadata {
  const types = [...pairs].filter(([, { type, value }]) => {
    const said = JSON.stringify(type);
    return !(usual.has(said) && (value as readonly Json[]).length > 0) && JSON.stringify(typeOf(value)) !== said;
  });
  const plain = [...pairs].map(([key, { value }]) => [key, value] as const);
  const told = types.length === 0 ? [] : [[typesKey, Object.fromEntries(types.map(([key, { type }]) => [key, type]))]];
  return Object.fromEntries([...plain, ...told]) as Metadata;
}

/** Pairs, and others over them, with what both tell of types. */
export function joinedMetadata<Value extends Json | undefined>(
  base: Metadata,
  over: { readonly [key: string]: Value },
): { readonly [key: string]: Json | Value } {
  const told = { ...(base[typesKey] as Metadata | undefined), ...(over[typesKey] as Metadata | undefined) };
  return { ...base, ...over, ...(Object.keys(told).length > 0 && { [typesKey]: told }) };
}

/** Pairs out of JSON: the values, and what of them the format cannot carry. */
export function pairsOf(metadata: Metadata): {
  readonly pairs: ReadonlyMap<string, TypedValue>;
  readonly losses: readonly string[];
} {
  const told = metadata[typesKey] ?? {};
  const types = typeof told === 'object' && told !== null && !Array.isArray(told) ? (told as Metadata) : {};
  const pairs = new Map<string, TypedValue>();
  const losses: string[] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (key === typesKey) continue;
    const type = Object.hasOwn(types, key) ? (types[key] as Json) : typeOf(value);
    if (type !== undefined && holds(type, value)) pairs.set(key, { type: type as ValueType, value });
    else
      losses.push(
        `${showName(key)} of the metadata${type === undefined ? '' : ` as ${JSON.stringify(type).slice(0, 40)}`}`,
      );
  }
  return { pairs, losses };
}

/** What a value of JSON is written as where nobody says it; undefined for what the format has not: null, objects, mixed lists. */
function typeOf(value: Json): ValueType | undefined {
  if (Array.isArray(value)) return typeOfList(value as readonly Json[]);
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'number') return undefined;
  return narrowest([value], ['u32', 'i32', 'u64', 'i64', 'f32', 'f64']);
}

function typeOfList(values: readonly Json[]): ValueType | undefined {
  if (values.some(Array.isArray)) {
    const inner = values.map((value) => (Array.isArray(value) ? typeOf(value) : undefined));
    return inner.includes(undefined) ? undefined : typeOfArrays(inner as ValueType[]);
  }
  // Token types and the like are signed in the files of others.
  const of = narrowest(values, ['i32', 'u32', 'i64', 'u64', 'f32', 'f64', 'bool', 'string']);
  return of === undefined ? undefined : { of };
}

/** The first of some scalar types that all values are of; numbers that are texts are told apart by their types only. */
function narrowest(values: readonly Json[], names: readonly string[]): string | undefined {
  return names.find((name) =>
    values.every((value) => (typeof value === 'string') === (name === 'string') && scalarOfName(name)?.holds(value)),
  );
}

/** Whether a value is of a type, which may be anything that somebody said. */
function holds(type: Json, value: Json): boolean {
  if (typeof type !== 'object' || type === null) return scalarOfName(type)?.holds(value) ?? false;
  const { of, items } = type as { readonly of?: Json; readonly items?: Json };
  if (of !== undefined && isBytes(of as ValueType))
    return typeof value === 'string' && decodeBase64(value) !== undefined;
  if (!Array.isArray(value)) return false;
  const list = value as readonly Json[];
  if (Array.isArray(items)) {
    const each = items as readonly Json[];
    return (
      each.length === list.length &&
      list.every((one, index) => isArrayType(each[index]) && holds(each[index] as Json, one))
    );
  }
  return of !== undefined && list.every((one) => holds(of, one));
}

const isArrayType = (type: unknown): boolean => typeof type === 'object' && type !== null;
