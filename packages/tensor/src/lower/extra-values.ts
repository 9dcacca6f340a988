/** Values of a plan that no node of the graph stands for. */
import type { GraphView } from './graph-view.ts';

/**
 * Outputs that nobody asked for, and the memory that kernels work in. Their positions are counted on from those of the nodes, so that no two values of a plan
 * are ever the same.
 */
export class ExtraValues {
  readonly #first: number;
  readonly #sizes: number[] = [];

  constructor(view: GraphView) {
    this.#first = view.nodes.length;
  }

  /** A new value of so many bytes; its position. */
  add(bytes: number): number {
    return this.#first + this.#sizes.push(bytes) - 1;
  }

  /** Bytes of the value at a position; undefined where the position is a node's. */
  bytesAt(position: number): number | undefined {
    return this.#sizes[position - this.#first];
  }
}
