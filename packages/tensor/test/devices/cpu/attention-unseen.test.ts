// What a query does not see takes no part, whatever it is: neither in what attention gives, nor in gradients.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import '../../../src/devices/cpu/attention/attention.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { Device } from '../../../src/device/device.ts';
import type { Access, AttentionGradientSpec, AttentionSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';
import {
  drawOrder,
  lengthOf,
  made,
  normal,
  rowMajor,
  stridesOf,
  type AttentionCase,
  type Order,
} from './attention-case.ts';
import { ProgramDevice, runnerOn } from './program-device.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
let pieces: ProgramDevice;
beforeAll(async () => {
  pieces = await ProgramDevice.open(({ views }) => ({ run: runnerOn(views), end: () => {} }));
});
afterAll(() => pieces.dispose());

type Name = 'q' | 'k' | 'v' | 'g' | 'bias';

/** Attention with all that its gradients need. */
interface Whole {
  readonly spec: AttentionSpec;
  readonly contents: readonly number[][];
  readonly g: Access;
  readonly gs: number[];
  readonly parts: number;
}

function whole(options: AttentionCase, orderOf: Order, parts: number): Whole {
  const { spec, contents } = made(options, orderOf);
  const sizes = [...spec.batch, spec.queries, spec.valueSize];
  const { order, shared } = orderOf(sizes);
  const g: Access = { binding: spec.out.binding, offset: 1, strides: stridesOf(sizes, order, shared) };
  return { spec, contents, g, gs: normal(lengthOf(sizes, g), options.queries), parts };
}

/** The rows of what is computed: of one head after another, in one part after another. */
interface Results {
  readonly out: number[];
  readonly logSum: number[];
  readonly dq: number[];
  readonly dk: number[];
  readonly dv: number[];
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The indices of each head. */
function headsOf(batch: readonly number[]): number[][] {
  return batch.reduce<number[][]>(
    (heads, size) => heads.flatMap((head) => Array.from({ length: size }, (_, index) => [...head, index])),
    [[]],
  );
}

const at = ({ offset, strides }: Access, ...index: readonly number[]): number =>
  index.reduce((sum, each, dim) => sum + each * (strides[dim] as number), offset);

/** The gradients' spec, and g · out. */
function gradientOf(
  { spec, contents, g, gs, parts }: Whole,
  out: readonly number[],
  logSum: readonly number[],
): { readonly spec: AttentionGradientSpec; readonly contents: readonly number[][] } {
  const {
    batch,
    queries,
    keys,
    size,
    valueSize,
    bindings,
    out: _out,
    logSum: _logSum,
    limits: _limits,
    ...shape
  } = spec;
  const rows = headsOf(batch).flatMap((head) => Array.from({ length: queries }, (_, query) => [...head, query]));
  const delta = rows.map((row, place) => {
    let sum = 0;
    for (let c = 0; c < valueSize; c++)
      sum += (gs[at(g, ...row, c)] as number) * (out[place * valueSize + c] as number);
    return Math.fround(sum);
  });
  const inputs = contents.slice(0, g.binding);
  const plain = (place: number, sizes: readonly number[]): Access => ({
    binding: g.binding + place,
    offset: 0,
    strides: stridesOf(sizes, rowMajor(sizes).order),
  });
  const results = [[...batch, queries, size], [...batch, parts, keys, size], [...batch, parts, keys, valueSize]]; // prettier-ignore
  const [dq, dk, dv] = results.map((sizes, place) => plain(3 + place, sizes)) as [Access, Access, Access];
  const read = { dtype: 'f32', access: 'read' } as const;
  const write = { dtype: 'f32', access: 'write' } as const;
  return {
    spec: {
      ...shape,
      kind: 'attention-gradient',
      bindings: [...bindings.slice(0, g.binding), read, read, read, write, write, write],
      batch,
      queries,
      keys,
      size,
      valueSize,
      parts,
      g,
      logSum: plain(1, [...batch, queries]),
      delta: plain(2, [...batch, queries]),
      dq,
      dk,
      dv,
    },
    contents: [...inputs, gs, [...logSum], delta, ...results.map((sizes) => new Array<number>(product(sizes)).fill(0))],
  };
}

function attended(device: Device, { spec, contents }: Whole): Pick<Results, 'out' | 'logSum'> {
  const results = runOn(device, spec, contents);
  return { out: results[spec.out.binding] as number[], logSum: results[spec.logSum.binding] as number[] };
}

/** Everything, with the gradients by a device of their own where `by` is given what attention gave. */
function computed(device: Device, given: Whole, by?: Results): Results {
  const { out, logSum } = by ?? attended(device, given);
  const pull = gradientOf(given, out, logSum);
  expect(device.accepts(given.spec) && device.accepts(pull.spec)).toBe(true);
  const [dq, dk, dv] = runOn(device, pull.spec, pull.contents).slice(-3) as [number[], number[], number[]];
  return { out, logSum, dq, dk, dv };
}

/** The same with one number of an operand changed. */
function changed(given: Whole, name: Name, position: number, value: number): Whole {
  const put = (values: readonly number[]): number[] => values.with(position, value);
  if (name === 'g') return { ...given, gs: put(given.gs) };
  const { binding } = given.spec[name] as Access;
  return { ...given, contents: given.contents.with(binding, put(given.contents[binding] as number[])) };
}

/** Which rows may differ where a number of an operand does: those of queries that see it or are it, and of the keys that those see. */
function reached(given: Whole, name: Name, position: number): Readonly<Record<keyof Results, boolean[]>> {
  const { spec, contents, g, parts } = given;
  const { batch, queries, keys, size, valueSize, causal, mask } = spec;
  const widths = { q: size, k: size, v: valueSize, g: valueSize, bias: keys };
  const access = name === 'g' ? g : (spec[name] as Access);
  const isAt = (...row: number[]): boolean =>
    Array.from({ length: widths[name] }, (_, c) => c).some((c) => at(access, ...row, c) === position);
  const ofQueries: boolean[] = [];
  const ofKeys: boolean[] = [];
  for (const head of headsOf(batch)) {
    const sees = (query: number, key: number): boolean =>
      !(causal && key > query + keys - queries) &&
      !(mask && contents[mask.binding]?.[at(mask, ...head, query, key)] === 0);
    const keyNumbers = Array.from({ length: keys }, (_, key) => key);
    const hit = Array.from({ length: queries }, (_, query) => {
      const seen = keyNumbers.filter((key) => sees(query, key));
      if (name === 'bias') return seen.some((key) => at(access, ...head, query, key) === position);
      if (name === 'q' || name === 'g') return seen.length > 0 && isAt(...head, query);
      return seen.some((key) => isAt(...head, key));
    });
    ofQueries.push(...hit);
    for (let part = 0; part < parts; part++)
      for (const key of keyNumbers)
        ofKeys.push(hit.some((isHit, query) => isHit && Math.floor(query / 64) % parts === part && sees(query, key)));
  }
  const none = ofQueries.map(() => false);
  const forward = name === 'g' ? none : ofQueries;
  return { out: forward, logSum: name === 'v' ? none : forward, dq: ofQueries, dk: ofKeys, dv: ofKeys };
}

function expectUnreached(given: Whole, name: Name, position: number, value: number): void {
  const other = changed(given, name, position, value);
  const [before, after] = [computed(cpu, given), computed(cpu, other)];
  const rows = reached(given, name, position);
  for (const result of ['out', 'logSum', 'dq', 'dk', 'dv'] as const) {
    const width = before[result].length / rows[result].length;
    const differs = rows[result].flatMap((isReached, row) =>
      !isReached && before[result].slice(row * width, (row + 1) * width).some((each, c) => !Object.is(each, after[result][row * width + c])) // prettier-ignore
        ? [row]
        : [],
    );
    expect(differs, `rows of ${result}, by ${value} in ${name}`).toEqual([]);
  }
  expect(computed(pieces, other)).toEqual(after);
  expectAlike(after, computed(reference, other, after));
}

/** Gradients are the same up to rounding, and not finite in the same places. */
function expectAlike(mine: Results, theirs: Results): void {
  for (const result of ['dq', 'dk', 'dv'] as const) {
    const most = Math.max(1, ...theirs[result].filter(Number.isFinite).map(Math.abs));
    const wrong = theirs[result].flatMap((value, place) => {
      const own = mine[result][place] as number;
      return (Number.isFinite(value) ? Math.abs(own - value) <= 1e-4 * most : Object.is(own, value))
        ? []
        : [{ place, own, value }];
    });
    expect(wrong, result).toEqual([]);
  }
}

const cases = fc.gen().map((draw) => {
  const size = (min: number, max: number): number => draw(fc.integer, { min, max });
  const isLong = size(0, 3) === 0;
  const hasBias = draw(fc.boolean);
  const queries = size(4, isLong ? 150 : 20);
  const given = whole(
    {
      batch: Array.from({ length: size(0, 2) }, () => size(1, 2)),
      queries,
      keys: size(1, isLong ? 300 : 20),
      size: 4 * size(1, 3),
      valueSize: 4 * size(1, 3),
      causal: draw(fc.boolean),
      hasMask: draw(fc.boolean),
      hasBias,
      seed: size(1, 1e6),
    },
    drawOrder(draw),
    size(1, Math.ceil(queries / 64)),
  );
  const name = draw(fc.constantFrom<Name[]>, ...(['q', 'k', 'v', 'g', ...(hasBias ? ['bias'] : [])] as Name[]));
  const values = name === 'g' ? given.gs : (given.contents[(given.spec[name] as Access).binding] as number[]);
  const others = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { given, name, position: size(0, values.length - 1), value: draw(fc.constantFrom<number[]>, ...others) };
});

describe('what a query does not see', () => {
  test('leaves every byte of what it and the keys it sees get, whatever it is', () => {
    fc.assert(
      fc.property(cases, ({ given, name, position, value }) => expectUnreached(given, name, position, value)),
      { numRuns: 120 },
    );
  }, 120_000);

  const mine = (): Whole => whole({ queries: 70, keys: 300, size: 4, valueSize: 4, causal: true }, rowMajor, 2);
  const rowsOf = (values: readonly number[]): number[] => [
    ...new Set(values.flatMap((value, place) => (Number.isNaN(value) ? [Math.floor(place / 4)] : []))),
  ];
  const from = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, row) => first + row);

  test('is a value of a later key: queries before it have theirs', () => {
    const given = mine();
    const { out, dq, dk, dv } = computed(cpu, changed(given, 'v', given.spec.v.offset + 290 * 4, Number.NaN));
    expect(rowsOf(out)).toEqual(from(60, 70));
    expect(rowsOf(dq)).toEqual(from(60, 70));
    // Queries 60 to 63 are of the first part, and see keys up to 293; the others are of the second, and see all.
    expect(rowsOf(dk)).toEqual([...from(0, 294), ...from(300, 600)]);
    expect(rowsOf(dv)).toEqual([]);
  });

  test('is a gradient: keys behind the query have theirs', () => {
    const given = mine();
    const { out, dq, dk, dv } = computed(cpu, changed(given, 'g', given.g.offset + 5 * 4, Number.NaN));
    expect(rowsOf(out)).toEqual([]);
    expect(rowsOf(dq)).toEqual([5]);
    expect(rowsOf(dk)).toEqual(from(0, 236));
    expect(rowsOf(dv)).toEqual(from(0, 236));
  });

  test('may be so large that products of it are infinite', () => {
    const given = mine();
    const { spec, g } = given;
    // Query 5 sees keys up to 235.
    const large = changed(changed(given, 'v', spec.v.offset + 236 * 4, 1e30), 'g', g.offset + 5 * 4, 1e30);
    const { out, dq, dk, dv } = computed(cpu, large);
    expect([out, dq, dk, dv].flatMap(rowsOf)).toEqual([]);
  });
});
