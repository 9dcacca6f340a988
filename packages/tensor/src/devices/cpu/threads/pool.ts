/**
 * The threads of one device. A program's range is taken by all of them, so many units at a time, this thread among them;
 * whoever sleeps is not waited for. Results do not depend on who ran what, as units lie apart.
 */
import { DeviceError } from '../../../errors.ts';
import { notices } from '../../../runtime/notices.ts';
import { memoryImport } from '../assembler/module-builder.ts';
import type { DeviceMemory } from '../memory/device-memory.ts';
import { mostKept } from '../memory/workspace.ts';
import { slots } from '../program/program.ts';
import { mostAddresses, type LinkedProgram, type Runner } from '../program/runner.ts';
import { closed, makeControl, mostMessage, nextApart, places } from './control.ts';
import { haveRoom } from '../../../device/threads.ts';
import { Descriptions } from './describe.ts';
import { divide, makeShares, type RunPart, type TakeShares } from './range.ts';
import { startThread, type Thread } from './start.ts';

/**
 * Milliseconds for which threads look for work before they sleep: to be woken takes a tenth of one, which kernels that follow each
 * other with something small between them would pay again and again.
 */
const awake = 1;
/** How often this thread looks whether the others have finished before it sleeps: as long. */
const turnsWaiting = 500_000;
/** Milliseconds after which threads that have not finished what all others have are taken for dead, and a part of them. */
const [patience, turnOfPatience] = [60_000, 100];

/** Threads, and what they share. */
interface Crew {
  readonly control: Int32Array;
  readonly threads: readonly Thread[];
  readonly take: TakeShares;
}

function dismiss({ control, threads }: Crew): void {
  Atomics.store(control, places.ended, 1);
  Atomics.notify(control, places.epoch);
  for (const thread of threads) thread.end();
}

/** Threads of a device that nobody has hold of any more. */
const abandoned = new FinalizationRegistry<Crew>(dismiss);

/** Runs programs on several threads. */
export class Pool {
  readonly #memory: DeviceMemory;
  readonly #runner: Runner;
  readonly #count: number;
  readonly #descriptions: Descriptions;
  #crew: Crew | undefined;
  /** Whether threads do not come up here: nobody tries again. */
  #isAlone = false;
  /** What is running, and a part of it: made once, not for each kernel. */
  #linked: LinkedProgram | undefined;
  readonly #part: RunPart = (begin, end) => this.#runner.run(this.#linked as LinkedProgram, begin, end);
  #workspaces: readonly number[] = [];
  #workspaceBytes = 0;

  /** A pool of `count` threads, the one of the caller among them; the others start when they are first needed. */
  constructor(memory: DeviceMemory, runner: Runner, count: number) {
    this.#memory = memory;
    this.#runner = runner;
    this.#count = count;
    this.#descriptions = new Descriptions(memory);
  }

  /** Threads beside this one that are up. */
  get ready(): number {
    return this.#crew ? Atomics.load(this.#crew.control, places.ready) : 0;
  }

  /**
   * Runs a program whose operands are bound, so many addresses, `chunk` units at a time.
   * @throws {DeviceError} where a thread failed; the next program is run by new ones.
   */
  run(linked: LinkedProgram, chunk: number, addresses: number): void {
    const { program } = linked;
    if (this.#isAlone || !haveRoom(this.#count)) {
      this.#runner.run(linked);
      return;
    }
    const { control, take } = (this.#crew ??= this.#start());
    if (Atomics.load(control, places.ready) === 0 || !this.#describe(linked, addresses, control)) {
      this.#runner.run(linked);
      return;
    }
    control[places.range] = program.range;
    control[places.chunk] = chunk;
    control[places.shares] = this.#count;
    divide(control, Math.ceil(program.range / chunk));
    Atomics.store(control, places.members, 0);
    Atomics.add(control, places.epoch, 1);
    if (Atomics.load(control, places.sleepers) > 0) Atomics.notify(control, places.epoch);
    try {
      this.#linked = linked;
      take(0, this.#part);
    } finally {
      this.#linked = undefined;
      this.#close(control, program.operation);
    }
    if (Atomics.load(control, places.failure) !== 0) throw this.#failed(control, program.operation);
  }

  /** Gives back workspaces, of which there is one a thread. */
  relax(): void {
    if (this.#workspaceBytes > mostKept) this.#release();
  }

  /** Ends all threads. */
  end(): void {
    if (this.#crew) {
      abandoned.unregister(this);
      dismiss(this.#crew);
    }
    this.#crew = undefined;
    this.#release();
  }

  #start(): Crew {
    const control = makeControl();
    const threads: Thread[] = [];
    const crew: Crew = { control, threads, take: makeShares(control, places, nextApart) };
    const pool = new WeakRef(this);
    const onFailure = (problem: string): void => {
      const owner = pool.deref();
      if (owner !== undefined) owner.#lose(crew, problem);
    };
    for (let index = 0; index < this.#count - 1; index++) {
      const thread = startThread(
        {
          memory: this.#memory.views.memory,
          control,
          places,
          slots,
          mostNumbers: slots.bindings + mostAddresses,
          mostMessage,
          nextApart,
          memoryImport: [memoryImport.module, memoryImport.name],
          index,
          awake,
        },
        onFailure,
      );
      if (thread) threads.push(thread);
    }
    this.#isAlone = threads.length === 0;
    abandoned.register(this, crew, this);
    return crew;
  }

  /** A thread is no more: others take the place of all, unless none has ever come up. */
  #lose(crew: Crew, problem: string): void {
    if (this.#crew !== crew) return;
    if (Atomics.load(crew.control, places.ready) === 0) {
      this.#isAlone = true;
      notices.warn(
        `cpu: threads do not start here (${problem}), and one computes all; open the device with threads: 1`,
      );
    }
    this.end();
  }

  /** Tells the threads of a program; false where there is no room for that. */
  #describe({ program }: LinkedProgram, addresses: number, control: Int32Array): boolean {
    try {
      if (program.workspaceBytes > this.#workspaceBytes) this.#reserve(program.workspaceBytes, control);
      const { number, table, bytes } = this.#descriptions.of(program);
      control[places.program] = number;
      control[places.address] = table.address;
      control[places.bytes] = bytes;
    } catch (error) {
      if (error instanceof DeviceError) return false;
      throw error;
    }
    control[places.addresses] = addresses;
    for (let i = 0; i < addresses; i++) control[places.bound + i] = this.#runner.address(i);
    return true;
  }

  #reserve(bytes: number, control: Int32Array): void {
    this.#release();
    const workspaces: number[] = [];
    this.#workspaces = workspaces;
    for (let index = 0; index < this.#count - 1; index++) {
      workspaces.push(this.#memory.allocate(bytes, 'threads'));
      control[places.workspaces + index] = workspaces[index] as number;
    }
    this.#workspaceBytes = bytes;
  }

  #release(): void {
    for (const address of this.#workspaces) this.#memory.allocator.release(address);
    this.#workspaces = [];
    this.#workspaceBytes = 0;
  }

  /** Waits until the others have finished, and lets nobody join any more. */
  #close(control: Int32Array, operation: string): void {
    const isClosed = (): boolean => Atomics.compareExchange(control, places.members, 0, closed) === 0;
    for (let turn = 0; turn < turnsWaiting; turn++) if (isClosed()) return;
    Atomics.store(control, places.waiting, 1);
    // Turns are counted, and not what a clock says: of a machine that slept, or a process that was stopped, that is no time to work in.
    let waited = 0;
    while (!isClosed()) {
      const members = Atomics.load(control, places.members);
      const isLate = members > 0 && Atomics.wait(control, places.members, members, turnOfPatience) === 'timed-out';
      waited = isLate ? waited + turnOfPatience : 0;
      if (waited < patience) continue;
      this.end();
      throw new DeviceError(
        operation,
        `a thread of the cpu device has not answered for ${patience / 1000} s; the next one starts anew: try again, or open the device with threads: 1`,
      );
    }
    Atomics.store(control, places.waiting, 0);
  }

  #failed(control: Int32Array, operation: string): DeviceError {
    const characters = control.subarray(places.message, places.message + (control[places.failure] as number));
    const problem = String.fromCharCode(...characters);
    this.end();
    return new DeviceError(
      operation,
      `a thread of the cpu device failed: ${problem}; others take its place: try again`,
    );
  }
}
