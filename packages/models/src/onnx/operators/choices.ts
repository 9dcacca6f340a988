/** Choosing between values by a condition: Where, and what a whole graph decides: If, Loop, Scan. */
import { broadcastShapes, where, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import type { Graph } from '../run/graph.ts';
import { nothing, OnnxTensor, type Value } from '../values/value.ts';
import { along, arrange, fromHost, isOnHost, joined } from './arranging.ts';
import { HostArray } from '../values/host-array.ts';

const choose = operator('Where', (call) => {
  const [condition, yes, no] = [call.input(0), call.input(1), call.input(2)];
  if (call.isHosted || !isNumbers(yes)) {
    const shape = [condition, yes, no].map((each) => each.shape).reduce((a, b) => [...broadcastShapes('Where', a, b)]);
    const [which, a, b] = [condition.host(), yes.host(), no.host()].map((each) => each.expand(shape).data);
    const picked = which?.map((flag, index) => (flag === 0 ? b?.[index] : a?.[index]) as number | string) ?? [];
    return fromHost(yes.type, new HostArray(picked, shape));
  }
  return call.give(yes.type, where(call.placed(condition), call.placed(yes), call.placed(no)));
});

const isNumbers = ({ type }: OnnxTensor): boolean => type !== 'string';

/** The condition is read. */
const either = operator('If', (call) => {
  const [flag = 0] = call.numbers(0) ?? [];
  return call.setting.runGraph(call.graph(flag === 0 ? 'else_branch' : 'then_branch'), []);
});

/** As many turns as a loop may take, so that one that never ends is an error. */
const mostTurns = 2 ** 20;

const loop = operator('Loop', (call) => {
  const body = call.graph('body');
  const most = Math.min(call.number(0) ?? Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
  let goesOn = call.optional(1) ? call.number(1) !== 0 : true;
  let carried: readonly Value[] = Array.from(
    { length: Math.max(0, call.count - 2) },
    (_, index) => call.value(index + 2) ?? nothing,
  );
  const count = carried.length;
  const collected: OnnxTensor[][] = Array.from({ length: body.outputs.length - 1 - count }, () => []);
  for (let turn = 0; turn < most && goesOn; turn++) {
    if (turn >= mostTurns) call.refuse(`takes more than ${mostTurns} turns`);
    const flag = OnnxTensor.numbers('bool', [1], []);
    const results = call.setting.runGraph(body, [OnnxTensor.numbers('i64', [turn], []), flag, ...carried]);
    const [next, ...values] = results;
    goesOn = next?.kind === 'tensor' && call.read(next)[0] !== 0;
    carried = values.slice(0, count);
    for (const [index, list] of collected.entries()) list.push(tensorOf(call, values[count + index]));
  }
  return [...carried, ...collected.map((list, index) => stacked(call, list, 0, declaredOf(body, 1 + count + index)))];
});

function tensorOf(call: Call, value: Value | undefined): OnnxTensor {
  return value?.kind === 'tensor' ? value : call.refuse('collects what is no tensor');
}

const declaredOf = (body: Graph, index: number): OnnxTensor => {
  const declared = body.outputs[index];
  const sizes = declared?.shape?.map((size) => (typeof size === 'number' ? size : 0)) ?? [];
  return OnnxTensor.numbers(declared?.type ?? 'f32', [], [0, ...sizes]);
};

/** Joined along a new axis; of none, an empty tensor of what was declared. */
export function stacked(call: Call, parts: readonly OnnxTensor[], axis: number, empty: OnnxTensor): OnnxTensor {
  const [first] = parts;
  if (!first) return empty;
  const at = call.axis(axis, first.shape.length + 1);
  return joined(
    call,
    parts.map((part) => arrange(call, part, (array) => array.reshape(part.shape.toSpliced(at, 0, 1)))),
    at,
  );
}

/** One element along an axis, which vanishes. */
export function pickedFrom(call: Call, value: OnnxTensor, axis: number, index: number): OnnxTensor {
  const rest = value.shape.toSpliced(axis, 1);
  if (isOnHost(call, value)) return arrange(call, value, (array) => along(array, axis, index, 1).reshape(rest));
  const tensor: Tensor = call.placed(value);
  return call.give(value.type, tensor.select(axis, index));
}

/** From version 9 on there is no batch. */
const scan = operator(
  'Scan',
  (call) => {
    const body = call.graph('body');
    const inputs = call.real('num_scan_inputs', 1);
    const states = call.count - inputs;
    const outputs = body.outputs.length - states;
    const zeros = (count: number): readonly number[] => Array.from({ length: count }, () => 0);
    const [inAxes, inBackward] = [
      call.list('scan_input_axes', zeros(inputs)),
      call.list('scan_input_directions', zeros(inputs)),
    ];
    const [outAxes, outBackward] = [
      call.list('scan_output_axes', zeros(outputs)),
      call.list('scan_output_directions', zeros(outputs)),
    ];
    const scanned = Array.from({ length: inputs }, (_, index) => call.input(states + index));
    const axes = scanned.map((value, index) => call.axis(inAxes[index] ?? 0, value.shape.length));
    const turns = scanned[0]?.shape[axes[0] as number] ?? 0;
    let state: readonly Value[] = Array.from({ length: states }, (_, index) => call.value(index) ?? nothing);
    const collected: OnnxTensor[][] = Array.from({ length: outputs }, () => []);
    for (let turn = 0; turn < turns; turn++) {
      const parts = scanned.map((value, index) =>
        pickedFrom(call, value, axes[index] as number, inBackward[index] === 1 ? turns - 1 - turn : turn),
      );
      const results = call.setting.runGraph(body, [...state, ...parts]);
      state = results.slice(0, states);
      for (const [index, list] of collected.entries()) list.push(tensorOf(call, results[states + index]));
    }
    return [
      ...state,
      ...collected.map((list, index) =>
        stacked(
          call,
          outBackward[index] === 1 ? list.toReversed() : list,
          outAxes[index] ?? 0,
          declaredOf(body, states + index),
        ),
      ),
    ];
  },
  { since: 9 },
);

/** In version 8 each sequence of a batch is scanned by itself. */
const scanOfBatch = operator('Scan', (call) => {
  const body = call.graph('body');
  const inputs = call.real('num_scan_inputs', 1);
  if (call.optional(0)) call.refuse('has sequence lengths, in the form of version 8');
  const states = call.count - 1 - inputs;
  const outputs = body.outputs.length - states;
  const values = Array.from({ length: call.count - 1 }, (_, index) => call.input(index + 1));
  const batch = values[0]?.shape[0] ?? 0;
  const results = Array.from({ length: batch }, (_, row) => {
    const own = values.map((value) => pickedFrom(call, value, 0, row));
    let state: readonly Value[] = own.slice(0, states);
    const collected: OnnxTensor[][] = Array.from({ length: outputs }, () => []);
    const turns = own[states]?.shape[0] ?? 0;
    for (let turn = 0; turn < turns; turn++) {
      const given = call.setting.runGraph(body, [
        ...state,
        ...own.slice(states).map((value) => pickedFrom(call, value, 0, turn)),
      ]);
      state = given.slice(0, states);
      for (const [index, list] of collected.entries()) list.push(tensorOf(call, given[states + index]));
    }
    return [
      ...state.map((value) => tensorOf(call, value)),
      ...collected.map((list, index) => stacked(call, list, 0, declaredOf(body, states + index))),
    ];
  });
  return body.outputs.map((_, index) =>
    stacked(
      call,
      results.map((row) => row[index] as OnnxTensor),
      0,
      declaredOf(body, index),
    ),
  );
});

/** Choices. */
export const choiceOperators: readonly Operator[] = [choose, either, loop, scan, scanOfBatch];
