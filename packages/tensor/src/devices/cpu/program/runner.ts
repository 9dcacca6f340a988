/** Runs programs on a memory: the device by itself, and whoever else is given its programs. */
import { InternalError } from '../../../errors.ts';
import { hostFunctions } from '../math/host-functions.ts';
import { hostImport, memoryImport } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';
import type { MemoryViews } from '../memory/memory-views.ts';
import { procedures, type Procedure } from './procedures.ts';
import { slots, type Argument, type Call, type Code, type Program, type Routine, type Step } from './program.ts';

/** Takes and gives i32. */
type Called = (...values: number[]) => number | void;

/** A call with its function, and its arguments side by side. */
interface LinkedCall {
  readonly called: Called;
  readonly slots: Int32Array;
  readonly offsets: Int32Array;
  readonly steps: Int32Array;
  /** Where arguments are put for functions of many; absent for others, whose arguments are filled up with zeros. */
  readonly values: number[] | undefined;
}

interface LinkedStep {
  readonly first: number;
  readonly units: number;
  readonly repetitions: number;
  readonly calls: readonly LinkedCall[];
  readonly condition: Argument | undefined;
}

/** A program whose functions have been found. */
export interface LinkedProgram {
  readonly program: Program;
  readonly steps: readonly LinkedStep[];
}

/** Most bindings of a program. */
export const mostBindings = 64;
/** Those, and pieces of memory that a kernel works in. */
const mostAddresses = 256;

/** Arguments that are written out where a function is called. */
const fewArguments = 9;
const noArgument: Argument = { slot: slots.zero, offset: 0, step: 0 };

/** Runs programs one at a time; two of them may run at once on one memory if each has a workspace of its own. */
export class Runner {
  readonly memory: MemoryViews;
  readonly #instances = new WeakMap<Code, Readonly<Record<string, Called>>>();
  readonly #procedures = new WeakMap<Routine, Procedure>();
  readonly #slots = new Int32Array(slots.bindings + mostAddresses);
  #workspaceBytes = 0;

  constructor(memory: MemoryViews) {
    this.memory = memory;
  }

  /** Bytes of workspace there are. */
  get workspaceBytes(): number {
    return this.#workspaceBytes;
  }

  /** Where it is. */
  get workspace(): number {
    return (this.#slots[slots.workspace] as number) >>> 0;
  }

  /** Gives the runner its workspace: memory that nobody else touches. */
  setWorkspace(address: number, bytes: number): void {
    this.#slots[slots.workspace] = address;
    this.#workspaceBytes = bytes;
  }

  /** Puts an operand in its place for the programs that run from now on. */
  bind(binding: number, address: number): void {
    this.#slots[slots.bindings + binding] = address;
  }

  /** The address of an operand. */
  address(binding: number): number {
    return (this.#slots[slots.bindings + binding] as number) >>> 0;
  }

  /** Finds the functions of a program. */
  link(program: Program): LinkedProgram {
    const called = program.routines.map((routine) => this.#find(routine));
    const linked = (call: Call): LinkedCall => {
      const missing = Math.max(0, fewArguments - call.arguments.length);
      const all = [...call.arguments, ...Array.from({ length: missing }, () => noArgument)];
      return {
        called: called[call.routine] as Called,
        slots: Int32Array.from(all, ({ slot }) => slot),
        offsets: Int32Array.from(all, ({ offset }) => offset),
        steps: Int32Array.from(all, ({ step }) => step),
        values: all.length > fewArguments ? all.map(() => 0) : undefined,
      };
    };
    const steps = program.steps.map(({ first, units, repetitions, calls, condition }: Step): LinkedStep => {
      return { first, units, repetitions, calls: calls.map(linked), condition };
    });
    return { program, steps };
  }

  /** What a module exports, compiled once. */
  exportsOf(code: Code): Readonly<Record<string, Called>> {
    let exports = this.#instances.get(code);
    if (!exports) {
      const instance = new webAssembly.Instance(new webAssembly.Module(code.bytes), {
        [memoryImport.module]: { [memoryImport.name]: this.memory.memory },
        [hostImport]: hostFunctions,
      });
      exports = instance.exports as Readonly<Record<string, Called>>;
      this.#instances.set(code, exports);
    }
    return exports;
  }

  /** Runs units `begin` up to `end`, all unless told otherwise. Makes no objects. */
  run({ program, steps }: LinkedProgram, begin = 0, end: number = program.range): void {
    const numbers = this.#slots;
    if (program.workspaceBytes > this.#workspaceBytes)
      throw new InternalError(program.operation, `needs ${program.workspaceBytes} bytes of workspace`);
    for (let at = 0; at < steps.length; at++) {
      const { first, units, repetitions, calls, condition } = steps[at] as LinkedStep;
      if (condition && !this.#holds(condition)) continue;
      const last = Math.min(repetitions, Math.ceil((end - first) / units));
      for (let r = Math.max(0, Math.floor((begin - first) / units)); r < last; r++) {
        // A procedure may have run a program of its own.
        numbers[slots.begin] = begin;
        numbers[slots.end] = end;
        for (let place = 0; place < calls.length; place++) make(calls[place] as LinkedCall, numbers, r);
      }
    }
  }

  #holds({ slot, offset }: Argument): boolean {
    const address = ((this.#slots[slot] as number) + offset) >>> 0;
    return this.memory.words[address >>> 2] !== 0;
  }

  #find(routine: Routine): Called {
    if ('code' in routine) return this.exportsOf(routine.code)[routine.name] as Called;
    let procedure = this.#procedures.get(routine);
    if (!procedure) {
      procedure = procedures[routine.procedure](this, routine.parameters as never);
      this.#procedures.set(routine, procedure);
    }
    return procedure;
  }
}

/** Argument `place` of a call in repetition r. */
function valueOf(call: LinkedCall, numbers: Int32Array, r: number, place: number): number {
  const slot = numbers[call.slots[place] as number] as number;
  return (slot + (call.offsets[place] as number) + Math.imul(r, call.steps[place] as number)) | 0;
}

/** Makes a call. Few arguments are written out, as a list of them would be made at each call; functions ignore further ones. */
function make(call: LinkedCall, n: Int32Array, r: number): void {
  const { called, values } = call;
  if (values === undefined) {
    const v = valueOf;
    const first = v(call, n, r, 0);
    const second = v(call, n, r, 1);
    const third = v(call, n, r, 2);
    const fourth = v(call, n, r, 3);
    const fifth = v(call, n, r, 4);
    const sixth = v(call, n, r, 5);
    called(first, second, third, fourth, fifth, sixth, v(call, n, r, 6), v(call, n, r, 7), v(call, n, r, 8));
    return;
  }
  for (let place = 0; place < values.length; place++) values[place] = valueOf(call, n, r, place);
  Reflect.apply(called, undefined, values);
}
