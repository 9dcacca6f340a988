/** Sequences of values, and values that may be absent. */
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { nothing, OnnxTensor, sequenceOf, type Value } from '../values/value.ts';
import { along, arrange, joined } from './arranging.ts';
import { pickedFrom, stacked } from './choices.ts';

/** A position in a sequence, counted from the front. */
function positionIn(call: Call, index: number, count: number): number {
  if (index < -count || index >= count) call.refuse(`has the position ${index} in a sequence of ${count}`);
  return index < 0 ? index + count : index;
}

const insert = operator('SequenceInsert', (call) => {
  const { items } = call.sequence(0);
  const given = call.number(2);
  const at = given === undefined || given === items.length ? items.length : positionIn(call, given, items.length);
  return sequenceOf(items.toSpliced(at, 0, call.value(1) ?? call.refuse('has nothing to insert')));
});

const erase = operator('SequenceErase', (call) => {
  const { items } = call.sequence(0);
  return sequenceOf(items.toSpliced(positionIn(call, call.number(1) ?? items.length - 1, items.length), 1));
});

const at = operator('SequenceAt', (call) => {
  const { items } = call.sequence(0);
  return items[positionIn(call, call.number(1) ?? 0, items.length)] as Value;
});

const tensorsOf = (call: Call): OnnxTensor[] =>
  call
    .sequence(0)
    .items.map((item) => (item.kind === 'tensor' ? item : call.refuse('joins a sequence of what are no tensors')));

const concatenate = operator('ConcatFromSequence', (call) => {
  const parts = tensorsOf(call);
  const axis = call.real('axis', 0);
  if (!call.truth('new_axis')) return joined(call, parts, axis);
  return stacked(call, parts, axis, OnnxTensor.numbers('f32', [], [0]));
});

const splitUp = operator('SplitToSequence', (call) => {
  const x = call.input(0);
  const axis = call.axis(call.real('axis', 0), x.shape.length);
  const length = x.shape[axis] as number;
  const given = call.numbers(1);
  if (!given) {
    const parts = Array.from({ length }, (_, index) =>
      call.truth('keepdims', true)
        ? arrange(call, x, (array) => along(array, axis, index, 1))
        : pickedFrom(call, x, axis, index),
    );
    return sequenceOf(parts);
  }
  const isOne = call.optional(1)?.shape.length === 0;
  const [each = 1] = given;
  const sizes = isOne
    ? Array.from({ length: Math.ceil(length / each) }, (_, index) => Math.min(each, length - index * each))
    : given;
  let begin = 0;
  const parts = sizes.map((count) => {
    const start = begin;
    begin += count;
    return arrange(call, x, (array) => along(array, axis, start, count));
  });
  return begin === length ? sequenceOf(parts) : call.refuse(`splits ${length} elements into [${sizes.join(', ')}]`);
});

/** A graph for each item; what is no sequence is the same for all. */
const map = operator('SequenceMap', (call) => {
  const body = call.graph('body');
  const { items } = call.sequence(0);
  const results = items.map((item, index) => {
    const others = Array.from({ length: call.count - 1 }, (_, other) => {
      const value = call.value(other + 1) ?? nothing;
      return value.kind === 'sequence' ? (value.items[index] ?? nothing) : value;
    });
    return call.setting.runGraph(body, [item, ...others]);
  });
  return body.outputs.map((_, output) => sequenceOf(results.map((row) => row[output] as Value)));
});

const isThere = (value: Value | undefined): boolean => value !== undefined && value.kind !== 'nothing';

/** Sequences and optionals. */
export const sequenceOperators: readonly Operator[] = [
  operator('SequenceEmpty', () => sequenceOf([])),
  operator('SequenceConstruct', (call) => sequenceOf(call.inputs())),
  operator('SequenceLength', (call) => OnnxTensor.numbers('i64', [call.sequence(0).items.length], [])),
  insert,
  erase,
  at,
  concatenate,
  splitUp,
  map,
  operator('Optional', (call) => call.value(0) ?? nothing),
  operator('OptionalHasElement', (call) => OnnxTensor.numbers('bool', [Number(isThere(call.value(0)))], [])),
  operator('OptionalGetElement', (call) =>
    isThere(call.value(0)) ? (call.value(0) as Value) : call.refuse('asks for the value of an optional that has none'),
  ),
];
