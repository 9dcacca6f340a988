/**
 * Garbage collection on demand, where the host offers one.
 *
 * JavaScript keeps what a WeakRef was made of or read from alive until the current job ends. A loop that never returns to
 * its host is one job, so that nothing it drops could ever be told dead. Node ends the keeping early when a context with a
 * microtask queue of its own has run something, which V8 takes for the end of a job.
 */

/** The parts of Node that are needed, found without an import, so that bundles for browsers do not know of them. */
interface NodeModules {
  readonly 'node:v8': {
    setFlagsFromString(flags: string): void;
    getHeapStatistics(): { readonly used_heap_size: number };
  };
  readonly 'node:vm': {
    createContext(object: object, options: { microtaskMode: 'afterEvaluate' }): object;
    runInContext(code: string, context: object): unknown;
    runInNewContext(code: string): unknown;
  };
}

interface Host {
  readonly gc?: () => void;
  readonly process?: {
    readonly getBuiltinModule?: <Name extends keyof NodeModules>(name: Name) => NodeModules[Name] | undefined;
  };
}

/** What a host can do about garbage. */
export interface Collector {
  /** Lets go of what is kept until the end of the job only. */
  readonly endKeeping: () => void;
  /** Collects what nothing reaches, and returns the bytes of JavaScript memory that are left. */
  readonly collect: () => number;
}

function nodeCollector(host: Host): Collector | undefined {
  const load = host.process?.getBuiltinModule;
  const [v8, vm] = [load?.('node:v8'), load?.('node:vm')];
  if (!v8 || !vm) return undefined;
  v8.setFlagsFromString('--expose-gc');
  const collect = (host.gc ?? vm.runInNewContext('gc')) as () => void;
  const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
  return {
    endKeeping: () => void vm.runInContext('0', context),
    collect: () => {
      collect();
      return v8.getHeapStatistics().used_heap_size;
    },
  };
}

function open(): Collector | undefined {
  const host = globalThis as Host;
  try {
    const node = nodeCollector(host);
    if (node) return node;
  } catch {
    // A host that looks like Node and is not: as if it offered nothing.
  }
  const { gc } = host;
  return (
    gc && {
      endKeeping: () => {},
      collect: () => {
        gc();
        return 0;
      },
    }
  );
}

let opened: { readonly collector: Collector | undefined } | undefined;

/** The collector of this host, if it has one. */
export function hostCollector(): Collector | undefined {
  opened ??= { collector: open() };
  return opened.collector;
}
