/** Reads spaces, and does with accepted ones what a search does. */
import { choice, float, graph, int, list, permutation, RandomStream, space, spaceFromJson } from '@espalier/search';
import { jsonOf } from '../engine/json-of.ts';
import type { Reader } from '../engine/reader.ts';

const spaces = [
  space({ x: float(-5, 5), n: int(1, 9), lr: float(1e-4, 1, { log: true }), step: float(0, 1, { step: 0.1 }) }),
  space({ kind: choice({ a: { y: float(0, 1) }, b: {} }), flag: choice([true, false]), word: choice(['a', null, 3]) }),
  space({ order: permutation(['a', 'b', 'c']), layers: list({ width: int(1, 4) }, { min: 0, max: 4 }) }),
  space({ net: graph({ op: choice(['conv', 'pool']) }, { min: 1, max: 4, inputs: 2 }) }),
];

/** Spaces as JSON, and what a search does with them. */
export const spaceReader: Reader = {
  name: 'space',
  seeds: async () => spaces.map((each) => Buffer.from(JSON.stringify(each))),
  mutate: 'json',
  words: ['"kind"', '"list"', '"graph"', '"group"', '"permutation"', '"int"', '"max"', '"fields"', '"branches"'],
  read: (input) => {
    const json = jsonOf(input);
    if (json !== undefined) spaceFromJson(json);
  },
  use: async (input) => {
    const json = jsonOf(input);
    if (json === undefined) return;
    const found = spaceFromJson(json);
    const config = found.sample(new RandomStream(1, 2));
    found.key(config);
    found.issues({ kind: 'x', layers: [1, 2], __proto__: null });
    if (found.size > 0 && Number.isSafeInteger(found.size)) found.at(found.size - 1);
    found.parameters();
    for (const each of spaces) found.changesSince(each);
    String(found);
    spaceFromJson(JSON.parse(JSON.stringify(found)));
  },
};
