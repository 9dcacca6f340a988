/** Recurrent operators: the plain one, GRU and LSTM, step after step. */
import { stack, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { OnnxTensor } from '../values/value.ts';
import { activations } from './functions.ts';

type Activation = (x: Tensor) => Tensor;

/** One direction of a recurrent operator. */
interface Direction {
  /** [gates · hidden, input] and [gates · hidden, hidden]. */
  readonly weight: Tensor;
  readonly recurrent: Tensor;
  /** Of the input and of the state: [gates · hidden] each. */
  readonly inputBias: Tensor | undefined;
  readonly stateBias: Tensor | undefined;
  readonly peepholes: Tensor | undefined;
  readonly activations: readonly Activation[];
  readonly hidden: number;
}

/** What a cell does in a step: from the input's part [batch, gates · hidden], and the state, to the state. */
type Cell = (call: Call, direction: Direction, part: Tensor, state: readonly Tensor[]) => readonly Tensor[];

const gatesOf = (x: Tensor, count: number): Tensor[] => x.split((x.shape.at(-1) as number) / count, -1);
const timesState = ({ recurrent, stateBias }: Direction, h: Tensor): Tensor => {
  const product = h.matmul(recurrent.t());
  return stateBias ? product.add(stateBias) : product;
};

const plain: Cell = (_, direction, part, [h]) => {
  const [f] = direction.activations as [Activation];
  return [f(part.add(timesState(direction, h as Tensor)))];
};

const gru: Cell = (call, direction, part, [state]) => {
  const h = state as Tensor;
  const [f, g] = direction.activations as [Activation, Activation];
  const [xz, xr, xh] = gatesOf(part, 3) as [Tensor, Tensor, Tensor];
  const { hidden, recurrent, stateBias } = direction;
  const ofGates = h.matmul(recurrent.narrow(0, 0, 2 * hidden).t());
  const [hz, hr] = gatesOf(stateBias ? ofGates.add(stateBias.narrow(0, 0, 2 * hidden)) : ofGates, 2) as [
    Tensor,
    Tensor,
  ];
  const [z, r] = [f(xz.add(hz)), f(xr.add(hr))];
  const own = recurrent.narrow(0, 2 * hidden, hidden).t();
  const bias = stateBias?.narrow(0, 2 * hidden, hidden);
  const plus = (x: Tensor): Tensor => (bias ? x.add(bias) : x);
  const inner = call.truth('linear_before_reset') ? r.mul(plus(h.matmul(own))) : plus(r.mul(h).matmul(own));
  const next = g(xh.add(inner));
  return [next.add(z.mul(h.sub(next)))];
};

const lstm: Cell = (call, direction, part, [h, c]) => {
  const [f, g, last] = direction.activations as [Activation, Activation, Activation];
  const [cell, peepholes] = [c as Tensor, direction.peepholes];
  const [i, o, forget, candidate] = gatesOf(part.add(timesState(direction, h as Tensor)), 4) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [pi, po, pf] = peepholes ? gatesOf(peepholes, 3) : [];
  const seen = (gate: Tensor, peephole: Tensor | undefined, of: Tensor): Tensor =>
    f(peephole ? gate.add(peephole.mul(of)) : gate);
  const input = seen(i, pi, cell);
  const kept = call.truth('input_forget') ? input.neg().add(1) : seen(forget, pf, cell);
  const next = kept.mul(cell).add(input.mul(g(candidate)));
  return [seen(o, po, next).mul(last(next)), next];
};

interface Kind {
  readonly type: string;
  readonly gates: number;
  readonly states: number;
  readonly usual: readonly string[];
  readonly cell: Cell;
}

const kinds: readonly Kind[] = [
  { type: 'RNN', gates: 1, states: 1, usual: ['Tanh'], cell: plain },
  { type: 'GRU', gates: 3, states: 1, usual: ['Sigmoid', 'Tanh'], cell: gru },
  { type: 'LSTM', gates: 4, states: 2, usual: ['Sigmoid', 'Tanh', 'Tanh'], cell: lstm },
];

/** The activations of a direction, limited as the node says. */
function activationsOf(call: Call, { usual }: Kind, direction: number): Activation[] {
  const names =
    call.texts('activations', undefined)?.slice(direction * usual.length, (direction + 1) * usual.length) ?? usual;
  const [alphas, betas] = [call.list('activation_alpha', []), call.list('activation_beta', [])];
  const clip = call.real('clip', undefined);
  return usual.map((_, index) => {
    const name = names[index] ?? '';
    const known = Object.entries(activations).find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
    const of = known ?? call.refuse(`has the activation '${name}', which there is not`);
    const at = direction * usual.length + index;
    return (x) => of(clip === undefined ? x : x.clamp(-clip, clip), alphas[at], betas[at]);
  });
}

function recurrentOperator(kind: Kind): Operator {
  const { type, gates, states, cell } = kind;
  return operator(type, (call) => {
    const swapped = call.real('layout', 0) === 1;
    const given = call.tensor(0);
    const x = swapped ? given.transpose(0, 1) : given;
    const [steps, batch] = x.shape as [number, number, number];
    const [w, r] = [call.tensor(1), call.tensor(2)];
    const hidden = call.real('hidden_size', r.shape[2] as number);
    const way = call.text('direction', 'forward');
    const bias = call.optionalTensor(3);
    const lengths = call.numbers(4);
    const peepholes = states === 2 ? call.optionalTensor(7) : undefined;
    const count = w.shape[0] as number;
    const results = Array.from({ length: count }, (_, index) => {
      const direction: Direction = {
        weight: w.select(0, index),
        recurrent: r.select(0, index),
        inputBias: bias?.select(0, index).narrow(0, 0, gates * hidden),
        stateBias: bias?.select(0, index).narrow(0, gates * hidden, gates * hidden),
        peepholes: peepholes?.select(0, index),
        activations: activationsOf(call, kind, index),
        hidden,
      };
      const first = Array.from({ length: states }, (__, state) => {
        const initial = call.optionalTensor(5 + state);
        if (!initial) return x.filled([batch, hidden], 0);
        return swapped ? initial.select(1, index) : initial.select(0, index);
      });
      return run(call, cell, direction, x, first, lengths, way === 'reverse' || index === 1, steps);
    });
    const y = stack(
      results.map(({ outputs }) => outputs),
      1,
    );
    const last = Array.from({ length: states }, (_, state) =>
      stack(
        results.map((each) => each.state[state] as Tensor),
        swapped ? 1 : 0,
      ),
    );
    const { type: elements } = call.input(0);
    return [swapped ? y.permute([2, 0, 1, 3]) : y, ...last].map((tensor) => call.give(elements, tensor));
  });
}

/** All steps of a direction: outputs [steps, batch, hidden], and the last state. */
function run(
  call: Call,
  cell: Cell,
  direction: Direction,
  x: Tensor,
  first: readonly Tensor[],
  lengths: readonly number[] | undefined,
  isReverse: boolean,
  steps: number,
): { outputs: Tensor; state: readonly Tensor[] } {
  // The products with the inputs are one for all steps.
  const product = x.matmul(direction.weight.t());
  const parts = direction.inputBias ? product.add(direction.inputBias) : product;
  const places = lengths && call.placed(OnnxTensor.numbers('i64', lengths)).unsqueeze(1);
  let state = first;
  const outputs: Tensor[] = [];
  for (let turn = 0; turn < steps; turn++) {
    const step = isReverse ? steps - 1 - turn : turn;
    const next = cell(call, direction, parts.select(0, step), state);
    // Behind the end of a sequence its state stays, and its output is 0.
    const goes = places?.gt(step);
    state = goes ? next.map((value, index) => value.where(goes, state[index] as Tensor)) : next;
    const output = next[0] as Tensor;
    outputs[step] = goes ? output.where(goes, output.filled([], 0)) : output;
  }
  return { outputs: steps === 0 ? x.filled([0, x.shape[1] as number, direction.hidden], 0) : stack(outputs), state };
}

/** Recurrent operators. */
export const recurrentOperators: readonly Operator[] = kinds.map(recurrentOperator);
