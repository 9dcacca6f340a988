import {
  choice,
  float,
  graph,
  int,
  list,
  permutation,
  space,
  type Fields,
  type Space,
  type SpaceNode,
} from '@espalier/search';
import fc from 'fast-check';

const name = fc
  .stringMatching(/^[a-z][a-z0-9_-]{0,5}$/u)
  .filter((text) => !['type', 'kind', 'from', 'length'].includes(text));
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 4 });

const intParameter = fc
  .record({ low: fc.integer({ min: -50, max: 50 }), span: fc.nat(60), step: fc.integer({ min: 1, max: 7 }) })
  .map(({ low, span, step }) => int(low, low + span, { step }));

const logInt = fc
  .record({ low: fc.integer({ min: 1, max: 50 }), span: fc.nat(5000) })
  .map(({ low, span }) => int(low, low + span, { log: true }));

const floatParameter = fc
  .record({
    low: fc.double({ min: -100, max: 100, noNaN: true }),
    span: fc.double({ min: 0, max: 1000, noNaN: true }),
  })
  .map(({ low, span }) => float(low, low + span));

const steppedFloat = fc
  .record({
    low: fc.integer({ min: -20, max: 20 }),
    count: fc.nat(30),
    step: fc.constantFrom(0.1, 0.25, 0.3, 1e-3, 0.7, 3),
  })
  .map(({ low, count, step }) => float(low / 10, low / 10 + count * step + step / 7, { step }));

const logFloat = fc
  .record({
    low: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    ratio: fc.double({ min: 1, max: 1e5, noNaN: true }),
  })
  .map(({ low, ratio }) => float(low, low * ratio, { log: true }));

const values = fc
  .uniqueArray(fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null)), { minLength: 1, maxLength: 5 })
  .map((options) => choice(options));

/** A parameter of any kind. */
export const parameter = fc.oneof(intParameter, logInt, floatParameter, steppedFloat, logFloat, values);

/** A parameter with finitely many values. */
export const finiteParameter = fc.oneof(
  fc.integer({ min: 0, max: 3 }).map((span) => int(0, span)),
  fc.constantFrom(float(0, 0.5, { step: 0.25 }), int(1, 4, { log: true })),
  values,
);

const lengths = fc.record({ min: fc.integer({ min: 1, max: 2 }), more: fc.nat(2) });

/** Parts that hold an array: lists, permutations, graphs. */
function sequenceOf(leaf: fc.Arbitrary<SpaceNode>): fc.Arbitrary<SpaceNode> {
  const group = names.chain((keys) =>
    fc
      .array(leaf, { minLength: keys.length, maxLength: keys.length })
      .map((parts): Fields => Object.fromEntries(keys.map((key, index) => [key, parts[index] ?? {}]))),
  );
  return fc.oneof(
    fc.tuple(fc.oneof(leaf, group), lengths).map(([item, { min, more }]) => list(item, { min, max: min + more })),
    fc.integer({ min: 1, max: 4 }).map((size) => permutation(size)),
    fc
      .tuple(group, lengths, fc.integer({ min: 1, max: 3 }), fc.boolean())
      .map(([node, { min, more }, inputs, chain]) => graph(node, { min, max: min + more, inputs, chain })),
  );
}

function fieldsOf(leaf: fc.Arbitrary<SpaceNode>, depth: number): fc.Arbitrary<Fields> {
  const part: fc.Arbitrary<SpaceNode | Fields> =
    depth === 0
      ? leaf
      : fc.oneof(
          { weight: 4, arbitrary: leaf },
          { weight: 1, arbitrary: fieldsOf(leaf, depth - 1) },
          { weight: 1, arbitrary: sequenceOf(leaf) },
          {
            weight: 2,
            arbitrary: names.chain((keys) =>
              fc
                .array(fc.oneof(fieldsOf(leaf, depth - 1), fc.constant({})), {
                  minLength: keys.length,
                  maxLength: keys.length,
                })
                .map((groups) => choice(Object.fromEntries(keys.map((key, index) => [key, groups[index] ?? {}])))),
            ),
          },
        );
  return names.chain((keys) =>
    fc
      .array(part, { minLength: keys.length, maxLength: keys.length })
      .map((parts) => Object.fromEntries(keys.map((key, index) => [key, parts[index] ?? {}]))),
  );
}

/** A space of any shape. */
export const anySpace: fc.Arbitrary<Space> = fieldsOf(parameter, 2).map((fields) => space(fields));

/** A space with finitely many configs. */
export const finiteSpace: fc.Arbitrary<Space> = fieldsOf(finiteParameter, 1).map((fields) => space(fields));

/** What a random stream takes as its seed. */
export const seed = fc.nat();
