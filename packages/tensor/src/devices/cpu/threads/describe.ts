/**
 * Programs as bytes in the memory of the device, where every thread finds them: no message has to be waited for, which
 * those that never return to their event loops could not get.
 */
import type { Code, Program, Step, Table } from '../program/program.ts';
import type { EngineMemory } from '../memory/engine-memory.ts';

/** Bytes somewhere in memory, for as long as something has hold of the table. */
export interface Described {
  readonly number: number;
  readonly table: Table;
  readonly bytes: number;
}

/** A program in words that become JSON. Modules are told by number, and where they are. */
export interface Description {
  readonly codes: readonly (readonly [number: number, address: number, bytes: number])[];
  readonly routines: readonly (readonly [code: number, name: string])[];
  readonly steps: readonly Step[];
}

/** Names of functions are ASCII. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Puts programs and modules into memory, each once. */
export class Descriptions {
  readonly #memory: EngineMemory;
  readonly #codes = new WeakMap<Code, Described>();
  readonly #programs = new WeakMap<Program, Described & { readonly codes: readonly Described[] }>();
  #count = 0;

  constructor(memory: EngineMemory) {
    this.#memory = memory;
  }

  /**
   * Where a program is described.
   * @throws {OutOfMemoryError} where there is no room.
   */
  of(program: Program): Described {
    const known = this.#programs.get(program);
    if (known) return known;
    const codes: Described[] = [];
    const routines: [number, string][] = [];
    for (const routine of program.routines) {
      if (!('code' in routine)) continue;
      const code = this.#code(routine.code);
      if (!codes.includes(code)) codes.push(code);
      routines.push([code.number, routine.name]);
    }
    const description: Description = {
      codes: codes.map(({ number, table, bytes }) => [number, table.address, bytes]),
      routines,
      steps: program.steps,
    };
    const described = { ...this.#put(bytesOf(JSON.stringify(description))), codes };
    this.#programs.set(program, described);
    return described;
  }

  #code(code: Code): Described {
    let described = this.#codes.get(code);
    if (!described) this.#codes.set(code, (described = this.#put(code.bytes)));
    return described;
  }

  #put(bytes: Uint8Array): Described {
    const words = new Int32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    this.#count += 1;
    return { number: this.#count, table: this.#memory.keepTable(words, 'threads'), bytes: bytes.length };
  }
}

/** Whether threads can run a program: those have no functions of the host's, and none of a user's. */
export function isForThreads({ routines }: Program): boolean {
  return routines.every((routine) => 'code' in routine && !routine.code.needsHost);
}
