/** An engine whose functions run when they are called: for kernels that are driven by what is in memory when they run. */
import { InternalError } from '../../../errors.ts';
import type { MemoryLimits, ModuleBuilder } from '../assembler/module-builder.ts';
import { codeOf, Engine, type WasmFunction } from '../engine.ts';
import { ForeignMemory } from '../memory/engine-memory.ts';
import type { Runner } from './runner.ts';

/** Addresses are those of the run that is under way, and all units are asked for. */
export class LiveEngine extends Engine {
  readonly #runner: Runner;

  constructor(runner: Runner, limits: MemoryLimits) {
    super(new ForeignMemory(limits));
    this.#runner = runner;
  }

  override instantiate(module: ModuleBuilder): Readonly<Record<string, WasmFunction>> {
    return this.#runner.exportsOf(codeOf(module));
  }

  protected override bound(position: number): number {
    return this.#runner.address(position);
  }

  override get workspace(): number {
    return this.#runner.workspace;
  }

  override reserve(bytes: number, operation: string): void {
    if (bytes > this.#runner.workspaceBytes)
      throw new InternalError(operation, `needs ${bytes} bytes of workspace, more than its program said`);
  }

  override serve(_first: number, _units: number, body: () => void): void {
    body();
  }

  override undivided(body: () => void): void {
    body();
  }

  override onlyIf(address: number, body: () => void): void {
    if (this.wordAt(address) !== 0) body();
  }

  override part(units: number): readonly [begin: number, end: number] {
    return [0, units];
  }

  override wordAt(address: number): number {
    return this.#runner.memory.words[address >>> 2] as number;
  }
}

const engines = new WeakMap<Runner, LiveEngine>();

/** The live engine of a runner, on a memory with these limits. */
export function liveEngine(runner: Runner, limits: MemoryLimits): LiveEngine {
  let engine = engines.get(runner);
  if (!engine) engines.set(runner, (engine = new LiveEngine(runner, limits)));
  return engine;
}
