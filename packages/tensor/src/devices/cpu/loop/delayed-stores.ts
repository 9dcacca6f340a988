/**
 * Numbers of f16 that are rounded and stored a round after they were computed. What follows from a load then takes half as long, so that more
 * of it is under way at once: a processor holds so many instructions that wait, and those of rounding wait for one another.
 */
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Halves } from './halves.ts';
import { storeVector, type Place } from './storage.ts';
import { zeroVector } from './vector-code.ts';

/** What was computed in the round before, and where it belongs. */
interface Delayed {
  readonly address: Local;
  readonly offset: number;
  readonly registers: readonly Local[];
}

/** The stores of one kernel that are behind. */
export class DelayedStores {
  readonly #f: FunctionBuilder;
  readonly #halves: Halves;
  readonly #delayed = new Map<number, Delayed>();

  constructor(f: FunctionBuilder, halves: Halves) {
    this.#f = f;
    this.#halves = halves;
  }

  /**
   * Writes a loop of `count` rounds with the stores of some steps, by position, a round behind. They start at `places`, where the first
   * round stores zeros: the next one, or the end, stores what belongs there.
   */
  within(places: ReadonlyMap<number, Place>, lanes: number, count: number | Expression, loop: () => void): void {
    if (places.size === 0) return loop();
    const write = (): void => {
      for (const [position, { address, offset }] of places) {
        const registers = Array.from({ length: lanes / 4 }, () => this.#f.let(zeroVector));
        this.#delayed.set(position, { address: this.#f.let(address), offset, registers });
      }
      loop();
      for (const delayed of this.#delayed.values()) this.#write(delayed);
      this.#delayed.clear();
    };
    if (typeof count === 'number') write();
    else this.#f.if(op('i32.gt_s', count, i32(0)), write);
  }

  /** Stores what is behind at a position, and takes what comes next; false where nothing is delayed. */
  exchange(position: number, { address }: Place, registers: readonly Expression[]): boolean {
    const delayed = this.#delayed.get(position);
    if (!delayed) return false;
    this.#write(delayed);
    this.#f.set(delayed.address, address);
    for (const [i, register] of delayed.registers.entries()) this.#f.set(register, registers[i] as Expression);
    return true;
  }

  #write({ address, offset, registers }: Delayed): void {
    storeVector(this.#f, 'f16', { address, offset }, registers, this.#halves);
  }
}
