/**
 * What all kernels of one cpu device are made with: code generation, and the recording of what calls the code. Nothing runs
 * here: functions of generated modules stand for those of whoever runs the program, and addresses for those of a run.
 */
import { ModuleBuilder } from './assembler/module-builder.ts';
import { InternalError } from '../../errors.ts';
import type { LoopSpec } from '../../kernel/spec.ts';
import { keepValues } from './loop/kept-values.ts';
import { generateLoop } from './loop/loop-kernel.ts';
import { byRanges } from './loop/ranges.ts';
import { tiled, type Piece } from './loop/tiles.ts';
import { MathLibrary } from './math/math-library.ts';
import type { EngineMemory } from './memory/engine-memory.ts';
import type { ProcedureName, ProcedureParameters } from './program/procedures.ts';
import { slots, type Code, type Program, type Routine, type Table } from './program/program.ts';
import { bindingStandIn, Recorder, standIn } from './program/recorder.ts';

/** Makes the calls of a kernel, while it is recorded. */
export type Calls = () => void;

/** A function of a generated module; arguments are numbers. What it returns is not known before a program runs. */
export type WasmFunction = (...values: number[]) => void;

/** The calls of a loop spec on operands at addresses, in the order of its bindings. */
export interface LoopCalls {
  /** Bytes that the last address, behind those of the bindings, has room for; without any it is left out. */
  readonly scratchBytes: number;
  /** Runs all of it. */
  readonly whole: (...addresses: number[]) => void;
  /** Runs what a run is asked for. */
  readonly divided: (...addresses: number[]) => void;
}

/** A module as a part of programs. */
export function codeOf(module: ModuleBuilder): Code {
  return { bytes: module.encode(), needsHost: module.hostFunctions.length > 0 };
}

/** Code generation and recording of one device. */
export class Engine {
  readonly memory: EngineMemory;
  #recorder: Recorder | undefined;
  #operands: readonly number[] | undefined;
  #isDivided = true;

  constructor(memory: EngineMemory) {
    this.memory = memory;
  }

  /** A builder for a module that imports this device's memory, with the library of functions it may call. */
  module(): { readonly module: ModuleBuilder; readonly library: MathLibrary } {
    const module = new ModuleBuilder(this.memory.limits);
    return { module, library: new MathLibrary(module, this.memory) };
  }

  /** The functions that a module exports, to be called while a program is recorded. */
  instantiate(module: ModuleBuilder): Readonly<Record<string, WasmFunction>> {
    const code = codeOf(module);
    return Object.fromEntries(
      module.exported.map((name) => {
        const routine: Routine = { code, name };
        return [name, (...values: number[]) => this.#recording.call(routine, values)];
      }),
    );
  }

  /** Something that the host computes, with parameters that can be copied, to be called while a program is recorded. */
  procedure(name: ProcedureName, parameters: ProcedureParameters): WasmFunction {
    const routine: Routine = { procedure: name, parameters };
    return (...values) => this.#recording.call(routine, values);
  }

  /** Compiles a loop spec. Parts of it may be run again where no operand that is written is another that is read. */
  loop(spec: LoopSpec, { areApart = false }: { readonly areApart?: boolean } = {}): LoopCalls {
    const { module, library } = this.module();
    const { spec: keeping, scratchBytes, before } = keepValues(spec);
    const isRepeatable = areApart && spec.bindings.every(({ access }) => access !== 'readwrite');
    const ranges = byRanges(keeping);
    let count = 0;
    const parts = ranges.map((range, at) => {
      const [main, ...rest] = tiled(range) as [Piece, ...Piece[]];
      const first = count;
      const among = ranges.length > 1 ? { firstUnit: first } : {};
      const units = generateLoop(main, module, `run${at}`, library, { isRepeatable, before, ...among });
      const edges = rest.map((edge, number) => ({
        name: `run${at}edge${number}`,
        units: generateLoop(edge, module, `run${at}edge${number}`, library, { isRepeatable, before }),
      }));
      count += units;
      return { name: `run${at}`, first, units, edges };
    });
    const functions = this.instantiate(module);
    const run = (name: string, begin: number, end: number, addresses: readonly number[]): void =>
      (functions[name] as WasmFunction)(begin, end, ...addresses);
    return {
      scratchBytes,
      whole: (...addresses) => {
        for (const { name, first, units, edges } of parts) {
          run(name, first, first + units, addresses);
          for (const edge of edges) run(edge.name, 0, edge.units, addresses);
        }
      },
      // Edges of tiles go with the last of the tiles.
      divided: (...addresses) => {
        for (const { name, first, units, edges } of parts) {
          this.serve(first, units, () => run(name, ...this.part(count), addresses));
          this.serve(first + units - 1, 1, () => {
            for (const edge of edges) run(edge.name, 0, edge.units, addresses);
          });
        }
      },
    };
  }

  /** Where the binding at `position` is in a run. */
  address(position: number): number {
    return this.#operands?.[position] ?? this.bound(position);
  }

  /** Where a run has bound the operand at `position`. */
  protected bound(position: number): number {
    return bindingStandIn(position);
  }

  /** Where the workspace is in a run. */
  get workspace(): number {
    return standIn(slots.workspace);
  }

  /** The units that a run is asked for, of so many: all of them in calls that serve all units. */
  part(units: number): readonly [begin: number, end: number] {
    return this.#isDivided ? [standIn(slots.begin), standIn(slots.end)] : [0, units];
  }

  /** Bytes of workspace that the program needs so far. */
  get workspaceBytes(): number {
    return this.#recording.workspaceBytes;
  }

  /** The program that is recorded needs so many bytes of workspace. */
  reserve(bytes: number, operation: string): void {
    this.#recording.reserve(bytes, operation);
  }

  /** A table in memory, for as long as something has hold of the program. */
  keepTable(values: Int32Array, operation: string): Table {
    const table = this.memory.keepTable(values, operation);
    this.#recording.keep(table);
    return table;
  }

  /** Calls in `body` serve units of the program's range. */
  serve(first: number, units: number, body: () => void): void {
    this.#recording.serve(first, units, body);
  }

  /** Calls in `body` serve all units. */
  undivided(body: () => void): void {
    const before = this.#isDivided;
    this.#isDivided = false;
    this.#recording.undivided(body);
    this.#isDivided = before;
  }

  /** Calls in `body` are made if the i32 at `address` is not 0 then. */
  onlyIf(address: number, body: () => void): void {
    this.#recording.onlyIf(address, body);
  }

  /** Calls in `body` are on operands elsewhere. */
  withOperands(addresses: readonly number[], body: () => void): void {
    const before = this.#operands;
    this.#operands = addresses;
    body();
    this.#operands = before;
  }

  /** The i32 at an address, which only those know that run what they drive. */
  wordAt(_address: number): number {
    throw new InternalError('cpu', 'a program depends on what is in memory when it runs');
  }

  /** Records the calls that `build` makes a program of. */
  record(build: () => Calls): Program {
    const [around, operands, isDivided] = [this.#recorder, this.#operands, this.#isDivided];
    const recorder = new Recorder();
    this.#recorder = recorder;
    this.#operands = undefined;
    this.#isDivided = true;
    try {
      build()();
      return recorder.finish();
    } finally {
      this.#recorder = around;
      this.#operands = operands;
      this.#isDivided = isDivided;
    }
  }

  get #recording(): Recorder {
    if (!this.#recorder) throw new InternalError('cpu', 'a function was called while no program is recorded');
    return this.#recorder;
  }
}

/** The program of a loop that is a kernel by itself. */
export function loopCalls(spec: LoopSpec, engine: Engine): Calls {
  const loop = engine.loop(spec, { areApart: true });
  if (loop.scratchBytes > 0) engine.reserve(loop.scratchBytes, 'a row kernel');
  return () => {
    const addresses = spec.bindings.map((_, binding) => engine.address(binding));
    if (loop.scratchBytes > 0) addresses.push(engine.workspace);
    loop.divided(...addresses);
  };
}
