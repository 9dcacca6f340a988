/** Every value of a pickle once, however often and deep it stands in it. */
import {
  PickleDict,
  PickleList,
  PickleObject,
  PickleReference,
  PickleSet,
  PickleTuple,
  type PickleValue,
} from './values.ts';

/** What stands right in a value. */
function* partsOf(value: PickleValue): Generator<PickleValue> {
  if (value instanceof PickleTuple || value instanceof PickleList || value instanceof PickleSet) yield* value.items;
  else if (value instanceof PickleReference) yield value.id;
  else if (value instanceof PickleDict) for (const entry of value.entries) yield* entry;
  else if (value instanceof PickleObject) {
    yield value.of;
    yield value.args;
    yield* value.items;
    for (const entry of value.entries) yield* entry;
    if (value.state !== undefined) yield value.state;
  }
}

/** All values that are no texts or numbers, in no order that matters. Without recursion: a file may have any depth. */
export function* allValues(root: PickleValue): Generator<PickleValue> {
  const seen = new Set<PickleValue>();
  const left = [root];
  while (left.length > 0) {
    const value = left.pop() as PickleValue;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    yield value;
    for (const part of partsOf(value)) left.push(part);
  }
}
