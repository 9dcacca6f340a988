/** Runs programs on a memory: the device by itself, and whoever else is given its programs. */
import { InternalError } from '../../../errors.ts';
import { hostFunctions } from '../math/host-functions.ts';
import { hostImport, memoryImport } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';
import type { MemoryViews } from '../memory/memory-views.ts';
import { makeInterpreter, type Called, type LinkedStep } from './interpret.ts';
import { procedures } from './procedures.ts';
import { slots, type Code, type Program, type Routine } from './program.ts';

/** A program whose functions have been found. */
export interface LinkedProgram {
  readonly program: Program;
  readonly steps: readonly LinkedStep[];
}

/** Most bindings of a program. */
export const mostBindings = 64;
/** Those, and pieces of memory that a kernel works in. */
export const mostAddresses = 256;

/** Runs programs one at a time; two of them may run at once on one memory if each has a workspace of its own. */
export class Runner {
  readonly memory: MemoryViews;
  readonly #instances = new WeakMap<Code, Readonly<Record<string, Called>>>();
  readonly #procedures = new WeakMap<Routine, Called>();
  readonly #slots = new Int32Array(slots.bindings + mostAddresses);
  readonly #interpreter = makeInterpreter(slots, this.#slots, () => this.memory.words);
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
    const routines = program.routines.map((routine) => this.#find(routine));
    return { program, steps: this.#interpreter.link(program.steps, routines) };
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
    if (program.workspaceBytes > this.#workspaceBytes)
      throw new InternalError(program.operation, `needs ${program.workspaceBytes} bytes of workspace`);
    this.#interpreter.run(steps, begin, end);
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
