/**
 * What a thread does. Threads are given the text of this function (`source.ts`): it refers to nothing outside of itself, and
 * what it needs it is told.
 */
import type { WasmMemory, WasmModule } from '../assembler/web-assembly.ts';
import type { Called, LinkedStep, makeInterpreter } from '../program/interpret.ts';
import type { slots } from '../program/program.ts';
import type { mostMessage, nextApart, places } from './control.ts';
import type { Description } from './describe.ts';
import type { makeShares } from './range.ts';

/** What a thread is told when it begins. */
export interface ThreadSetup {
  readonly memory: WasmMemory;
  readonly control: Int32Array;
  readonly places: typeof places;
  readonly slots: typeof slots;
  readonly mostNumbers: number;
  readonly mostMessage: typeof mostMessage;
  readonly nextApart: typeof nextApart;
  /** Module and name of the memory that modules import. */
  readonly memoryImport: readonly [module: string, name: string];
  /** Which of the threads it is, from 0. */
  readonly index: number;
  /** Milliseconds for which it looks for something to do before it goes to sleep. */
  readonly awake: number;
}

/** The parts of a host that a thread needs. */
interface ThreadHost {
  readonly performance: { now(): number };
  readonly TextDecoder: new () => { decode(bytes: Uint8Array): string };
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
    readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
  };
}

interface Loaded {
  readonly steps: readonly LinkedStep[];
}

/** Takes part in what is to be done until it is told to end. */
export function serve(interpreterOf: typeof makeInterpreter, sharesOf: typeof makeShares, setup: ThreadSetup): void {
  const { memory, control, places: at, slots: slot, index } = setup;
  const { WebAssembly, TextDecoder, performance } = globalThis as unknown as ThreadHost;
  /** How often it looks for something to do before it looks at the clock. */
  const turnsByClock = 500;
  /** Programs and modules that are kept at the most; then all are loaded anew as they are asked for. */
  const mostKept = 4096;
  let words = new Int32Array(memory.buffer);
  const numbers = new Int32Array(setup.mostNumbers);
  const interpreter = interpreterOf(slot, numbers, () => {
    if (words.buffer !== memory.buffer) words = new Int32Array(memory.buffer);
    return words;
  });
  const take = sharesOf(control, at, setup.nextApart);
  const modules = new Map<number, object>();
  const programs = new Map<number, Loaded>();
  const word = (place: number): number => control[place] as number;
  // What is shared has to be copied before it is decoded.
  const copied = (address: number, bytes: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(new Uint8Array(memory.buffer, address, bytes));

  const load = (): Loaded => {
    const text = new TextDecoder().decode(copied(word(at.address) >>> 0, word(at.bytes)));
    const { codes, routines, steps } = JSON.parse(text) as Description;
    for (const [number, address, bytes] of codes) {
      if (modules.has(number)) continue;
      const [from, name] = setup.memoryImport;
      const module = new WebAssembly.Module(copied(address, bytes));
      modules.set(number, new WebAssembly.Instance(module, { [from]: { [name]: memory } }).exports);
    }
    const functions = routines.map(
      ([code, name]) => (modules.get(code) as Readonly<Record<string, unknown>>)[name] as Called,
    );
    return { steps: interpreter.link(steps, functions) };
  };

  const work = (): void => {
    const number = word(at.program);
    let program = programs.get(number);
    if (program === undefined) {
      if (programs.size > mostKept) for (const kept of [programs, modules]) kept.clear();
      programs.set(number, (program = load()));
    }
    for (let i = 0; i < word(at.addresses); i++) numbers[slot.bindings + i] = word(at.bound + i);
    numbers[slot.workspace] = word(at.workspaces + index);
    const { steps } = program;
    take(index + 1, (begin, end) => interpreter.run(steps, begin, end));
  };

  const fail = (error: unknown): void => {
    const text = String(error).slice(0, setup.mostMessage);
    if (Atomics.compareExchange(control, at.failure, 0, text.length) !== 0) return;
    for (let i = 0; i < text.length; i++) control[at.message + i] = text.charCodeAt(i);
  };

  const join = (): void => {
    let members = Atomics.load(control, at.members);
    while (members >= 0) {
      const found = Atomics.compareExchange(control, at.members, members, members + 1);
      if (found === members) {
        try {
          work();
        } catch (error) {
          fail(error);
        }
        Atomics.sub(control, at.members, 1);
        if (Atomics.load(control, at.waiting) === 1) Atomics.notify(control, at.members);
        return;
      }
      members = found;
    }
  };

  let seen = 0;
  Atomics.add(control, at.ready, 1);
  while (Atomics.load(control, at.ended) === 0) {
    let epoch = Atomics.load(control, at.epoch);
    const until = performance.now() + setup.awake;
    while (epoch === seen && performance.now() < until)
      for (let turn = 0; epoch === seen && turn < turnsByClock; turn++) epoch = Atomics.load(control, at.epoch);
    if (epoch === seen) {
      Atomics.add(control, at.sleepers, 1);
      Atomics.wait(control, at.epoch, seen);
      Atomics.sub(control, at.sleepers, 1);
      continue;
    }
    seen = epoch;
    join();
  }
}
