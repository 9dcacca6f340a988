/** Operators that pick elements by indices, and put elements at them. */
import { arange, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { HostArray, countOf, stridesOf } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';
import { arrange, fromHost, isOnHost } from './arranging.ts';

/** Indices that count from the end as such that count from the front. */
function fromFront(indices: Tensor, size: number): Tensor {
  return indices.add(size).where(indices.lt(0), indices);
}

/** As `fromFront`, of indices that are known. */
function frontOf(call: Call, indices: readonly number[], size: number): number[] {
  return indices.map((index) => {
    if (index < -size || index >= size) call.refuse(`has the index ${index} into ${size} elements`);
    return index < 0 ? index + size : index;
  });
}

const gather = operator('Gather', (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = call.axis(call.real('axis', 0), x.shape.length);
  const size = x.shape[axis] as number;
  if (indices.isKnown) {
    const known = frontOf(call, call.read(indices), size);
    if (isOnHost(call, x)) return fromHost(x.type, x.host().take(new HostArray(known, indices.shape), axis));
    // One slice is a view.
    if (known.length === 1) {
      const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
      return call.give(
        x.type,
        call
          .placed(x)
          .narrow(axis, known[0] as number, 1)
          .reshape(shape),
      );
    }
    return call.give(x.type, call.placed(x).take(call.placed(OnnxTensor.numbers('i64', known, indices.shape)), axis));
  }
  return call.give(x.type, call.placed(x).take(fromFront(call.placed(indices), size), axis));
});

const gatherElements = operator('GatherElements', (call) => {
  const [x, indices] = [call.tensor(0), call.tensor(1)];
  const axis = call.axis(call.real('axis', 0), x.rank);
  return call.give(call.input(0).type, x.gather(axis, fromFront(indices, x.shape[axis] as number)));
});

/** The last axis of indices is a place in the first axes of x: as a number in all of them, of rows of the rest. */
function flatIndices(indices: Tensor, sizes: readonly number[]): Tensor {
  const strides = stridesOf(sizes);
  const parts = sizes.map((size, axis) =>
    fromFront(indices.narrow(indices.rank - 1, axis, 1).squeeze([-1]), size).mul(strides[axis] as number),
  );
  return parts.reduce((sum, part) => sum.add(part));
}

const gatherNd = operator('GatherND', (call) => {
  const x = call.tensor(0);
  const indices = call.tensor(1);
  const batch = call.real('batch_dims', 0);
  const depth = indices.shape.at(-1) as number;
  const lead = x.shape.slice(0, batch);
  const count = countOf(lead);
  const sizes = x.shape.slice(batch, batch + depth);
  const rest = x.shape.slice(batch + depth);
  const places = indices.shape.slice(batch, -1);
  const flat = flatIndices(indices.reshape([count, countOf(places), depth]), sizes);
  const rows = x.reshape([count * countOf(sizes), ...rest]);
  // Each part of the batch has rows of its own.
  const offsets = arange(0, count, 1, { dtype: 'i32', device: call.device }).mul(countOf(sizes)).unsqueeze(1);
  return call.give(call.input(0).type, rows.take(flat.add(offsets), 0).reshape([...lead, ...places, ...rest]));
});

/** How a value that is there and one that is put there become one. */
type Combine = (old: Tensor, values: Tensor, index: Tensor, rows: number) => Tensor;

/** A position for each row of values, by which duplicates are told apart. */
const combinations: Readonly<Record<string, (call: Call) => Combine>> = {
  none: () => replace,
  add: () => (old, values, index) => old.add(values.scatterInto(index, 0, old.shape)),
  mul: (call) => oneByOne(call, (a, b) => a.mul(b)),
  max: (call) => oneByOne(call, (a, b) => a.maximum(b)),
  min: (call) => oneByOne(call, (a, b) => a.minimum(b)),
};

/** The last of several values at one place stays: positions are found by the largest number of a value. */
function replace(old: Tensor, values: Tensor, index: Tensor): Tensor {
  const hits = values.filled(values.shape, 1).scatterInto(index, 0, old.shape);
  const sum = values.scatterInto(index, 0, old.shape);
  return sum.where(hits.ne(0), old);
}

/** Duplicates are put in one after the other: as many rounds as the place that is hit most often. Indices are read. */
function oneByOne(call: Call, combine: (a: Tensor, b: Tensor) => Tensor): Combine {
  return (old, values, index) => {
    const indices = Array.from(call.told(() => index.dataSync()));
    const seen = new Map<number, number>();
    const rounds: number[][] = [];
    for (const [position, place] of indices.entries()) {
      const round = seen.get(place) ?? 0;
      seen.set(place, round + 1);
      (rounds[round] ??= []).push(position);
    }
    let result = old;
    for (const round of rounds) {
      const positions = call.placed(OnnxTensor.numbers('i32', round));
      const places = index.take(positions, 0);
      const now = values.take(positions, 0);
      result = replace(result, combine(result.take(places, 0), now), places);
    }
    return result;
  };
}

/** Flat elements at flat places of a tensor. */
function scattered(call: Call, x: Tensor, index: Tensor, values: Tensor): Tensor {
  const reduction = call.text('reduction', 'none');
  const combination = Object.hasOwn(combinations, reduction) ? combinations[reduction] : undefined;
  if (!combination) return call.refuse(`scatters by '${reduction}', which there is not`);
  const flat = x.flatten();
  return combination(call)(flat, values.flatten().cast(x.dtype), index.flatten(), values.size).reshape(x.shape);
}

const scatterElements: Operator['run'] = (call) => {
  const [x, indices, updates] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  const axis = call.axis(call.real('axis', 0), x.rank);
  const strides = stridesOf(x.shape);
  if (indices.size === 0) return call.input(0);
  const along = fromFront(indices, x.shape[axis] as number).mul(strides[axis] as number);
  const flat = indices.shape.reduce((sum, size, other) => {
    if (other === axis) return sum;
    const steps = arange(0, size, 1, { dtype: 'i32', device: call.device }).mul(strides[other] as number);
    return sum.add(steps.reshape(indices.shape.map((_, each) => (each === other ? size : 1))));
  }, along);
  return call.give(call.input(0).type, scattered(call, x, flat, updates));
};

const scatterNd = operator('ScatterND', (call) => {
  const [x, indices, updates] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  const depth = indices.shape.at(-1) as number;
  if (indices.size === 0) return call.input(0);
  const rest = countOf(x.shape.slice(depth));
  const rows = flatIndices(indices, x.shape.slice(0, depth)).reshape([-1, 1]);
  const inner = arange(0, rest, 1, { dtype: 'i32', device: call.device });
  return call.give(call.input(0).type, scattered(call, x, rows.mul(rest).add(inner), updates));
});

const oneHot = operator('OneHot', (call) => {
  const indices = call.input(0);
  const depth = call.number(1) ?? call.refuse('has no depth');
  const values = call.input(2);
  const rank = indices.shape.length + 1;
  const axis = call.axis(call.real('axis', -1), rank);
  const whole = call.placed(indices).cast('i32');
  const steps = arange(0, depth, 1, { dtype: 'i32', device: call.device });
  const hot = fromFront(whole, depth)
    .unsqueeze(axis)
    .eq(steps.reshape(Array.from({ length: rank }, (_, each) => (each === axis ? depth : 1))));
  const [off, on] = [0, 1].map((index) => call.placed(values).narrow(0, index, 1).squeeze([0])) as [Tensor, Tensor];
  return call.give(values.type, on.where(hot, off));
});

const topK = operator('TopK', (call) => {
  const x = call.input(0);
  const k = call.version < 10 ? call.real('k', 1) : (call.number(1) ?? call.refuse('has no k'));
  const axis = call.axis(call.real('axis', -1), x.shape.length);
  const { values, indices } = call.placed(x).topK(k, axis, { largest: call.truth('largest', true) });
  return [call.give(x.type, values), call.give('i64', indices)];
});

/** Positions of what is not 0: a row for each axis. How many there are depends on the values, which are read. */
const nonZero = operator('NonZero', (call) => {
  const x = call.input(0);
  const numbers = call.read(x);
  const strides = stridesOf(x.shape);
  const places = numbers.flatMap((value, index) => (value === 0 ? [] : [index]));
  const rows = x.shape.flatMap((size, axis) =>
    places.map((place) => Math.floor(place / (strides[axis] as number)) % size),
  );
  return OnnxTensor.numbers('i64', rows, [x.shape.length, places.length]);
});

const compress = operator('Compress', (call) => {
  const x = call.input(0);
  const kept = (call.numbers(1) ?? []).flatMap((value, index) => (value === 0 ? [] : [index]));
  const given = call.real('axis', undefined);
  const flat = given === undefined ? arrange(call, x, (array) => array.reshape([x.size])) : x;
  const axis = call.axis(given ?? 0, flat.shape.length);
  return call.give(x.type, call.placed(flat).take(call.placed(OnnxTensor.numbers('i64', kept)), axis));
});

/** Slices that differ, once each: in order, or by their first place. */
const unique = operator('Unique', (call) => {
  const x = call.input(0);
  const given = call.real('axis', undefined);
  const axis = given === undefined ? 0 : call.axis(given, x.shape.length);
  const rest = x.shape.flatMap((_, each) => (each === axis ? [] : [each]));
  call.read(x);
  const array = given === undefined ? x.host().reshape([x.size]) : x.host().permute([axis, ...rest]);
  const count = array.shape[0] as number;
  const width = count === 0 ? 0 : array.data.length / count;
  const rows = Array.from({ length: count }, (_, row) => array.data.slice(row * width, (row + 1) * width) as number[]);
  const found = new Map<string, number[]>();
  for (const [row, values] of rows.entries()) {
    const key = values.join();
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  const groups = [...found.values()];
  if (call.truth('sorted', true))
    groups.sort(([a], [b]) => compareRows(rows[a as number] as number[], rows[b as number] as number[]));
  const firsts = groups.map(([first]) => first as number);
  const inverse = new Array<number>(count);
  for (const [group, members] of groups.entries()) for (const row of members) inverse[row] = group;
  const picked = array.take(new HostArray(firsts, [firsts.length]), 0);
  const back = rest.toSpliced(axis, 0, -1).map((_, each) => (each === axis ? 0 : each < axis ? each + 1 : each));
  const values = given === undefined ? picked : picked.permute(back);
  return [
    fromHost(x.type, values),
    OnnxTensor.numbers('i64', firsts),
    OnnxTensor.numbers('i64', inverse),
    OnnxTensor.numbers(
      'i64',
      groups.map((members) => members.length),
    ),
  ];
});

function compareRows(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] as number;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

/** The first `length` of each row in reverse order. */
const reverseSequence = operator('ReverseSequence', (call) => {
  const x = call.tensor(0);
  const lengths = call.tensor(1);
  const [time, batch] = [call.real('time_axis', 0), call.real('batch_axis', 1)];
  const steps = arange(0, x.shape[time], 1, { dtype: 'i32', device: call.device });
  const place = (values: Tensor, axis: number): Tensor =>
    values.reshape(x.shape.map((_, each) => (each === axis ? -1 : 1)));
  const [at, end] = [place(steps, time), place(lengths, batch)];
  const index = end.sub(at).sub(1).where(at.lt(end), at);
  return call.give(call.input(0).type, x.gather(time, index.expand(x.shape)));
});

/** The upper or the lower triangle of the last two axes; zeros elsewhere. */
const triangle = operator('Trilu', (call) => {
  const x = call.input(0);
  const k = call.number(1) ?? 0;
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const options = { dtype: 'i32', device: call.device } as const;
  const distance = arange(0, columns, 1, options)
    .sub(arange(0, rows, 1, options).unsqueeze(1))
    .cast('f64');
  const tensor = call.placed(x);
  const kept = call.truth('upper', true) ? distance.ge(k) : distance.le(k);
  return call.give(x.type, tensor.where(kept, tensor.filled([], 0)));
});

/** Indices. */
export const indexingOperators: readonly Operator[] = [
  gather,
  gatherElements,
  gatherNd,
  operator('Scatter', scatterElements),
  operator('ScatterElements', scatterElements),
  scatterNd,
  oneHot,
  topK,
  nonZero,
  compress,
  unique,
  reverseSequence,
  triangle,
];
