/**
 * Records a program: the code that drives a kernel is run once, on numbers that stand for the addresses of a run, and what it
 * calls is written down. A stand-in is a multiple of 2^40 for its slot; an address computed from it is that slot and a distance.
 */
import { InternalError } from '../../../errors.ts';
import { slots, type Argument, type Call, type Program, type Routine, type Step, type Table } from './program.ts';

const span = 2 ** 40;

/** The number that stands for what a slot holds in a run. */
export const standIn = (slot: number): number => slot * span;

function argumentOf(value: number): Argument {
  if (!Number.isInteger(value))
    throw new InternalError('cpu', 'a program depends on a number that is not known before it runs, or is no integer');
  const slot = Math.round(value / span);
  return { slot, offset: value - slot * span, step: 0 };
}

/** Which units calls serve, and under which condition. */
interface Context {
  readonly first: number;
  /** Undefined: all units, however many there will be. */
  readonly units: number | undefined;
  readonly condition: Argument | undefined;
}

/** Calls one after the other in one context. */
interface Group extends Context {
  readonly calls: Call[];
}

/** Groups that follow each other and differ by steps only. */
interface Repeated extends Group {
  repetitions: number;
  steps: readonly (readonly number[])[] | undefined;
}

/** One recording. */
export class Recorder {
  readonly #routines = new Map<Routine, number>();
  readonly #repeated: Repeated[] = [];
  readonly #tables: Table[] = [];
  #context: Context = { first: 0, units: undefined, condition: undefined };
  #group: Group = { ...this.#context, calls: [] };
  #range = 1;
  #isDivided = true;
  #workspaceBytes = 0;
  #operation = '';

  /** Bytes of workspace that were asked for so far. */
  get workspaceBytes(): number {
    return this.#workspaceBytes;
  }

  /** A program needs as much workspace as is asked for at most. */
  reserve(bytes: number, operation: string): void {
    if (bytes <= this.#workspaceBytes) return;
    this.#workspaceBytes = bytes;
    this.#operation = operation;
  }

  /** A table that the calls read. */
  keep(table: Table): void {
    this.#tables.push(table);
  }

  /** Writes down a call. */
  call(routine: Routine, values: readonly number[]): void {
    const known = this.#routines.get(routine);
    const index = known ?? this.#routines.size;
    if (known === undefined) this.#routines.set(routine, index);
    if (!this.#continues()) {
      this.#close();
      this.#group = { ...this.#context, calls: [] };
    }
    this.#group.calls.push({ routine: index, arguments: values.map(argumentOf) });
  }

  /** Calls in `body` serve `units` units from `first` on. */
  serve(first: number, units: number, body: () => void): void {
    if (!this.#isDivided) {
      body();
      return;
    }
    this.#range = Math.max(this.#range, first + units);
    this.#within({ first, units }, body);
  }

  /** Calls in `body` serve the units that those around it serve. */
  undivided(body: () => void): void {
    const before = this.#isDivided;
    this.#isDivided = false;
    body();
    this.#isDivided = before;
  }

  /** Calls in `body` are made if the i32 at an address is not 0 before the first of them. */
  onlyIf(address: number, body: () => void): void {
    if (this.#context.condition) throw new InternalError('cpu', 'conditions of a program are not nested');
    this.#within({ condition: argumentOf(address) }, body);
  }

  /** The program. */
  finish(): Program {
    this.#close();
    const all = this.#range;
    return {
      routines: [...this.#routines.keys()],
      range: all,
      steps: this.#repeated.map(({ first, units, repetitions, calls, steps, condition }): Step => ({
        first,
        units: units ?? all,
        repetitions,
        calls: steps === undefined ? calls : calls.map((call, at) => withSteps(call, steps[at] as readonly number[])),
        ...(condition && { condition }),
      })),
      workspaceBytes: this.#workspaceBytes,
      operation: this.#operation,
      tables: this.#tables,
    };
  }

  #within(change: Partial<Context>, body: () => void): void {
    const around = this.#context;
    this.#context = { ...around, ...change };
    body();
    this.#context = around;
  }

  /** Whether the group goes on with a call in this context. Conditions are looked at anew for each context. */
  #continues(): boolean {
    const { first, units, condition } = this.#context;
    const group = this.#group;
    return group.first === first && group.units === units && group.condition === condition;
  }

  /** Puts the group away: as one more repetition of the groups before it, if it is one. */
  #close(): void {
    const group = this.#group;
    if (group.calls.length === 0) return;
    const before = this.#repeated.at(-1);
    const steps = before && stepsBetween(before, group);
    if (before && steps && (before.steps === undefined || sameSteps(before.steps, steps))) {
      before.steps = steps;
      before.repetitions++;
    } else this.#repeated.push({ ...group, repetitions: 1, steps: undefined });
  }
}

const withSteps = (call: Call, steps: readonly number[]): Call => ({
  ...call,
  arguments: call.arguments.map((argument, at) => ({ ...argument, step: steps[at] as number })),
});

/** How far the arguments of a group are from those of the first repetition, by repetition; undefined if it is no further one. */
function stepsBetween(before: Repeated, next: Group): number[][] | undefined {
  const { first, units, repetitions, calls, condition } = before;
  if (units === undefined || units !== next.units || next.first !== first + repetitions * units) return undefined;
  if (condition || next.condition || calls.length !== next.calls.length) return undefined;
  const steps: number[][] = [];
  for (const [at, call] of calls.entries()) {
    const other = next.calls[at] as Call;
    if (call.routine !== other.routine) return undefined;
    const ofCall: number[] = [];
    for (const [place, { slot, offset }] of call.arguments.entries()) {
      const argument = other.arguments[place] as Argument;
      const step = (argument.offset - offset) / repetitions;
      if (argument.slot !== slot || !Number.isInteger(step)) return undefined;
      ofCall.push(step);
    }
    steps.push(ofCall);
  }
  return steps;
}

const sameSteps = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): boolean =>
  a.every((steps, call) => steps.every((step, place) => step === b[call]?.[place]));

/** The stand-in of a binding. */
export const bindingStandIn = (binding: number): number => standIn(slots.bindings + binding);
