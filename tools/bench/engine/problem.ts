/** What a row has engines do: an op by name, seeded operands that are the same for all, and what has to come out in doubles. */

/** Elements in row-major order. */
export interface Operand<Values = Float32Array | Int32Array> {
  readonly shape: readonly number[];
  readonly values: Values;
}

/** Elements of the results, one result behind the other, by their places. */
export type Expected = ReadonlyMap<number, number>;

/** One op on operands. */
export interface Problem {
  /** As engines know it. */
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly settings: Readonly<Record<string, number>>;
  /** What the first step has to yield, in doubles. */
  readonly expected: () => Expected | Promise<Expected>;
  /** Error that is none, relative to the largest element that is looked at. Default: 1e-4. */
  readonly tolerance?: number;
}

/** What an engine's process is told to measure beside its row. */
export interface Surroundings {
  readonly threads: number;
  /** In which numbers of floats are stored. */
  readonly storage: 'f32' | 'f16';
  /** The interpreter of Python, for engines that need it. */
  readonly python: string;
}

/** An op that is ready to run: its inputs are where the engine computes. */
export interface Prepared {
  /** Runs it once; what the step before made is given back. */
  step(): unknown;
  /** What the last step made. */
  results(): Promise<ArrayLike<number>>;
  /** An engine that runs in a process of its own times itself: milliseconds a step. */
  time?(): Promise<number>;
}

/** An engine: what it can do, by the names of ops. */
export interface Engine {
  /** Its name, version and backend. */
  readonly description: string;
  readonly ops: Readonly<
    Record<string, (problem: Problem, surroundings: Surroundings) => Prepared | Promise<Prepared>>
  >;
}

/** What an engine can do: ops of its own, each prepared alike, and others that prepare themselves. */
export function preparedOps<Op>(
  ops: Readonly<Record<string, Op>>,
  prepare: (op: Op, ...asked: Parameters<Engine['ops'][string]>) => Prepared | Promise<Prepared>,
  others: Engine['ops'],
): Engine['ops'] {
  const own = Object.entries(ops).map(([name, op]): [string, Engine['ops'][string]] => [
    name,
    (...asked) => prepare(op, ...asked),
  ]);
  return { ...Object.fromEntries(own), ...others };
}

/** An element of a list that is there. */
export function at(list: ArrayLike<number>, index: number): number {
  return list[index] ?? Number.NaN;
}

/** What a list has at a place. */
export function nth<Element>(list: readonly Element[], index: number): Element {
  const found = list[index];
  if (found === undefined) throw new Error(`a list of ${list.length} has no element ${index}`);
  return found;
}

/** An operand that a problem has. */
export function operand({ operands }: Pick<Problem, 'operands'>, index: number): Operand {
  return nth(operands, index);
}

/** A number that a problem is told by. */
export function setting({ op, settings }: Pick<Problem, 'op' | 'settings'>, name: string): number {
  const found = settings[name];
  if (found === undefined) throw new Error(`${op} is not told its ${name}`);
  return found;
}
