/**
 * Ctrl-C: the first asks the work to stop in good order, the second ends the process once the last callbacks are done.
 */
import { InterruptedError, exitCodes, type ExitCode } from '../errors.ts';

/** The user's wish to stop, visible from every thread. */
export interface Interrupt {
  readonly aborted: boolean;
  /** The memory that worker threads watch. */
  readonly flag: Int32Array<SharedArrayBuffer>;
  /** The command that goes on with what is under way, for whoever has to end the process in haste. */
  goOn: string | undefined;
  /** Calls back once, when the user first asks to stop. */
  onAbort(callback: () => void): void;
  /** Calls back when the user insists; the process ends once that is done, or after a moment. */
  onInsist(callback: () => Promise<void>): void;
  /** @throws {InterruptedError} when the user has asked to stop. */
  check(resume?: string): void;
}

/** An interrupt that listens to nothing: for what cannot be stopped, and for tests, which call `abort`. */
export function createInterrupt(): Interrupt & { abort(): void; insist(): Promise<void> } {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const callbacks: (() => void)[] = [];
  const lastCallbacks: (() => Promise<void>)[] = [];
  return {
    flag,
    goOn: undefined,
    get aborted() {
      return Atomics.load(flag, 0) !== 0;
    },
    onAbort: (callback) => {
      callbacks.push(callback);
    },
    onInsist: (callback) => {
      lastCallbacks.push(callback);
    },
    insist: async () => {
      await Promise.allSettled(lastCallbacks.map((callback) => callback()));
    },
    check(resume) {
      if (this.aborted) throw new InterruptedError(resume);
    },
    abort: () => {
      if (Atomics.exchange(flag, 0, 1) === 0) for (const callback of callbacks) callback();
    },
  };
}

/** Milliseconds that last callbacks have before the process ends in any case. */
const lastMoment = 2000;

/** The interrupt of a process, which can end it. */
export interface ProcessInterrupt extends Interrupt {
  /** Ends the process once the last callbacks are done, or after a moment. */
  endProcess(code: ExitCode): void;
}

/**
 * The interrupt of Ctrl-C and of a polite kill. The second time, the process ends as soon as it can.
 * @param onHaste told when that happens, with what the user has to know.
 */
export function interruptOnSignals(onHaste: (error: InterruptedError) => void): ProcessInterrupt {
  const interrupt = createInterrupt();
  let ending = false;
  const endProcess = (code: ExitCode): void => {
    if (ending) return;
    ending = true;
    const end = (): never => process.exit(code);
    setTimeout(end, lastMoment).unref();
    void interrupt.insist().then(end);
  };
  const stop = (): void => {
    if (!interrupt.aborted) interrupt.abort();
    else if (!ending) {
      onHaste(new InterruptedError(interrupt.goOn));
      endProcess(exitCodes.interrupted);
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return Object.assign(interrupt, { endProcess });
}
