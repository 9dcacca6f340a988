/** Reads a pickle as data: no class is made, no function is called, whatever it asks for. */
import type { ByteSource } from '@espalier/nn/format';
import { PickleMachine, type GlobalRule } from './machine.ts';
import { opcodes, refuseOpcode } from './opcodes.ts';
import type { PickleValue } from './values.ts';

/** No pickle is larger: names and shapes of a million tensors. */
export const largestPickle: number = 64 << 20;

/**
 * Nor has one more instructions, each of which may be a value of sixty bytes: so many, and one for so many bytes of the file. A tensor
 * takes forty of them, and in the file four hundred bytes beside its values.
 */
const freeInstructions = 1 << 16;
const bytesPerInstruction = 20;

const stop = 0x2e;

/** A pickle that was read. */
export interface ReadPickle {
  readonly value: PickleValue;
  /** How many bytes it takes. */
  readonly length: number;
}

/**
 * Reads the pickle that bytes begin with. `source` and `base`, where in it they begin, are for errors.
 * @throws {FormatError} naming the place and the instruction or the name that is not allowed. A `PickleEndError` where it
 * goes on behind the bytes.
 */
export function readPickle(
  bytes: Uint8Array,
  { name, size }: Pick<ByteSource, 'name' | 'size'>,
  base: number,
  allow: GlobalRule,
): ReadPickle {
  const mostInstructions = freeInstructions + Math.floor(size / bytesPerInstruction);
  const machine = new PickleMachine(bytes, name, base, allow);
  for (let instructions = 0; ; instructions++) {
    machine.start = machine.at;
    const code = machine.number('u8');
    if (code === stop) return { value: machine.pop(), length: machine.at };
    if (instructions === mostInstructions)
      machine.refuse(`has more than ${mostInstructions} pickle instructions in a file of ${size} bytes`);
    const run = opcodes.get(code);
    if (run) run(machine);
    else refuseOpcode(machine, code);
  }
}
