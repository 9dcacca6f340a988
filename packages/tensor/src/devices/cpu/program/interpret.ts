/**
 * Makes the calls of programs. Threads are given the text of this function (`threads/source.ts`): it refers to nothing
 * outside of itself, and what it needs it is told.
 */
import type { Argument, Call, Step, slots } from './program.ts';

/** Takes and gives i32. */
export type Called = (...values: number[]) => number | void;

/** A call with its function, and its arguments side by side. */
interface LinkedCall {
  readonly called: Called;
  readonly slots: Int32Array;
  readonly offsets: Int32Array;
  readonly steps: Int32Array;
  /** Where arguments are put for functions of many; absent for others, whose arguments are filled up with zeros. */
  readonly values: number[] | undefined;
}

/** A step whose functions have been found. */
export interface LinkedStep {
  readonly first: number;
  readonly units: number;
  readonly repetitions: number;
  readonly calls: readonly LinkedCall[];
  readonly condition: Argument | undefined;
}

/** Links and runs steps. */
export interface Interpreter {
  /** `routines` has the function of each routine of the program. */
  readonly link: (steps: readonly Step[], routines: readonly Called[]) => readonly LinkedStep[];
  /** Runs the calls that serve any of the units `begin` up to `end`. Makes no objects. */
  readonly run: (steps: readonly LinkedStep[], begin: number, end: number) => void;
}

/** Calls take their arguments from `numbers`, which has a number for each of `slots`, and conditions from the words of the memory. */
export function makeInterpreter(places: typeof slots, numbers: Int32Array, words: () => Int32Array): Interpreter {
  /** Arguments that are written out where a function is called. */
  const fewArguments = 9;

  const linkedCall = (call: Call, routines: readonly Called[]): LinkedCall => {
    const all = [...call.arguments];
    while (all.length < fewArguments) all.push({ slot: places.zero, offset: 0, step: 0 });
    return {
      called: routines[call.routine] as Called,
      slots: Int32Array.from(all, ({ slot }) => slot),
      offsets: Int32Array.from(all, ({ offset }) => offset),
      steps: Int32Array.from(all, ({ step }) => step),
      values: all.length > fewArguments ? all.map(() => 0) : undefined,
    };
  };

  /** Argument `place` of a call in repetition r. */
  const valueOf = (call: LinkedCall, r: number, place: number): number =>
    ((numbers[call.slots[place] as number] as number) +
      (call.offsets[place] as number) +
      Math.imul(r, call.steps[place] as number)) |
    0;

  /** Makes a call. Few arguments are written out, as a list of them would be made at each call; functions ignore further ones. */
  const make = (call: LinkedCall, r: number): void => {
    const { called, values } = call;
    if (values === undefined) {
      const first = valueOf(call, r, 0);
      const second = valueOf(call, r, 1);
      const third = valueOf(call, r, 2);
      const fourth = valueOf(call, r, 3);
      const fifth = valueOf(call, r, 4);
      const sixth = valueOf(call, r, 5);
      called(first, second, third, fourth, fifth, sixth, valueOf(call, r, 6), valueOf(call, r, 7), valueOf(call, r, 8));
      return;
    }
    for (let place = 0; place < values.length; place++) values[place] = valueOf(call, r, place);
    Reflect.apply(called, undefined, values);
  };

  const holds = ({ slot, offset }: Argument): boolean =>
    words()[(((numbers[slot] as number) + offset) >>> 0) >>> 2] !== 0;

  return {
    link: (steps, routines) =>
      steps.map(({ first, units, repetitions, calls, condition }) => ({
        first,
        units,
        repetitions,
        calls: calls.map((call) => linkedCall(call, routines)),
        condition,
      })),
    run: (steps, begin, end) => {
      for (let at = 0; at < steps.length; at++) {
        const { first, units, repetitions, calls, condition } = steps[at] as LinkedStep;
        if (condition && !holds(condition)) continue;
        const last = Math.min(repetitions, Math.ceil((end - first) / units));
        for (let r = Math.max(0, Math.floor((begin - first) / units)); r < last; r++) {
          // A procedure may have run a program of its own.
          numbers[places.begin] = begin;
          numbers[places.end] = end;
          for (let place = 0; place < calls.length; place++) make(calls[place] as LinkedCall, r);
        }
      }
    },
  };
}
