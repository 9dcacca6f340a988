/** What all kernels of one cpu device share: its memory, and turning module builders into callable functions. */
import { hostFunctions } from './math/host-functions.ts';
import { MathLibrary } from './math/math-library.ts';
import { hostImport, memoryImport, ModuleBuilder } from './assembler/module-builder.ts';
import { webAssembly } from './assembler/web-assembly.ts';
import { argumentsAddress, type DeviceMemory } from './memory/device-memory.ts';
import { Workspace } from './memory/workspace.ts';
import { keepValues } from './loop/kept-values.ts';
import { generateLoop } from './loop/loop-kernel.ts';
import { tiled } from './loop/tiles.ts';
import type { LoopSpec } from '../../kernel/spec.ts';

/** Runs one kernel; the addresses of its bindings lie in the argument area. */
export type Program = () => void;

/** A function exported by a generated module; arguments and result are numbers. */
export type WasmFunction = (...values: number[]) => number;

/** Memory, code generation and the argument area of one device. */
export class Engine {
  readonly memory: DeviceMemory;
  readonly workspace: Workspace;

  constructor(memory: DeviceMemory) {
    this.memory = memory;
    this.workspace = new Workspace(memory);
  }

  /** A builder for a module that imports this device's memory, with the library of functions it may call. */
  module(): { readonly module: ModuleBuilder; readonly library: MathLibrary } {
    const module = new ModuleBuilder(this.memory.limits);
    return { module, library: new MathLibrary(module, this.memory) };
  }

  /** Compiles a module and returns its exports. */
  instantiate(module: ModuleBuilder): Readonly<Record<string, WasmFunction>> {
    const compiled = new webAssembly.Module(module.encode());
    const { exports } = new webAssembly.Instance(compiled, {
      [memoryImport.module]: { [memoryImport.name]: this.memory.memory },
      [hostImport]: hostFunctions,
    });
    return exports as Readonly<Record<string, WasmFunction>>;
  }

  /** Compiles a loop spec. */
  loop(spec: LoopSpec): Program {
    const { module, library } = this.module();
    const f = module.function('run', [], 'none', true);
    const { spec: keeping, scratchBytes } = keepValues(spec);
    for (const piece of tiled(keeping)) generateLoop(piece, f, library);
    const run = this.instantiate(module)['run'] as unknown as Program;
    if (scratchBytes === 0) return run;
    this.workspace.reserve(scratchBytes, 'a row kernel');
    return () => {
      this.bind(spec.bindings.length, this.workspace.address);
      run();
    };
  }

  /** The address bound at `position`. */
  address(position: number): number {
    return (this.memory.words[(argumentsAddress >> 2) + position] ?? 0) >>> 0;
  }

  /** Binds addresses for the next program. */
  bind(position: number, address: number): void {
    this.memory.words[(argumentsAddress >> 2) + position] = address;
  }
}
