/**
 * Where a model is entered: what came into a module stands for all that was computed before it, as long as nothing before it changes.
 * A model of many layers is then gone through once, and not up to each of its weights.
 */
import type { CallSite, Module, Tap } from '@espalier/nn';
import { dtypes, type Tensor } from '@espalier/tensor';

/** Bytes that are kept at the most; batches for which there is no room go through the model from its beginning. */
const mostBytes = 2 ** 28;

/** What came into modules in one batch, by their names: an object, so that a scope gives it on. */
export type Found = Record<string, Tensor>;

/** What came into modules, for each batch of the examples. */
export class Entries {
  /** Names of the modules that are called once, the model itself left out: what comes into them is one tensor. */
  readonly #enterable: ReadonlySet<string>;
  readonly #kept = new Map<string, (Tensor | undefined)[]>();
  #wanted: readonly string[] = [];
  #bytes = 0;

  /** `calls` are those of all modules. */
  constructor(calls: readonly CallSite[]) {
    const counts = new Map<Module, number>();
    for (const { module } of calls) counts.set(module, (counts.get(module) ?? 0) + 1);
    const once = calls.filter(({ name, module }) => name !== '' && counts.get(module) === 1);
    this.#enterable = new Set(once.map(({ name }) => name));
  }

  /**
   * Goes on to a module: nothing that is called before it changes any more. Those around it are entered from now on, and until their
   * inputs are known, those around the module before.
   */
  approach(name: string): void {
    const parts = name.split('.');
    const around = parts.map((_, depth) => parts.slice(0, depth).join('.'));
    this.#wanted = around.filter((place) => this.#enterable.has(place));
  }

  /** Puts in what is known of a batch, and collects into `found` what is not, by the names of modules. */
  taps(batch: number, found: Found): readonly Tap[] {
    const known = (name: string): Tensor | undefined => this.#kept.get(name)?.[batch];
    return [
      {
        at: (name) => known(name) !== undefined,
        input: (_, { name }) => known(name),
      },
      {
        at: (name) => this.#bytes < mostBytes && this.#wanted.includes(name) && known(name) === undefined,
        // A tensor of its own: what comes into the first module is the batch itself, which goes.
        input: (value, { name }) => void (found[name] = value.detach().realizeSync()),
      },
    ];
  }

  /** Keeps what was collected of a batch. */
  keep(batch: number, found: Found): void {
    for (const [name, tensor] of Object.entries(found)) {
      const tensors = this.#kept.get(name) ?? [];
      tensors[batch] = tensor;
      this.#bytes += bytesOf(tensor);
      this.#kept.set(name, tensors);
    }
  }

  /** Lets go of what is entered no more; of all where nothing was approached. */
  settle(): void {
    for (const [name, tensors] of this.#kept) {
      if (this.#wanted.includes(name)) continue;
      for (const tensor of tensors) {
        if (!tensor) continue;
        this.#bytes -= bytesOf(tensor);
        tensor.dispose();
      }
      this.#kept.delete(name);
    }
  }

  /** Lets go of everything. */
  dispose(): void {
    this.#wanted = [];
    this.settle();
  }
}

const bytesOf = ({ size, dtype }: Tensor): number => size * dtypes[dtype].bytes;
