/** Mutations of pickles, instruction by instruction, so that what follows is still read as the instructions that it is. */
import { names, numbers } from './dictionary.ts';
import type { Random } from './random.ts';

/** How many bytes follow an instruction; below 0, how many bytes of a length do, with so many bytes behind it. */
const operands: Readonly<Record<number, number>> = {
  0x80: 1,
  0x95: 8,
  0x4a: 4,
  0x4b: 1,
  0x4d: 2,
  0x8a: -1,
  0x47: 8,
  0x58: -4,
  0x8c: -1,
  0x55: -1,
  0x54: -4,
  0x43: -1,
  0x42: -4,
  0x71: 1,
  0x72: 4,
  0x68: 1,
  0x6a: 4,
};
/** Names a global in two lines. */
const globalCode = 0x63;
const stop = 0x2e;
/** What makes a value of nothing: what may follow anywhere, as often as one likes. */
const makers = [0x4e, 0x88, 0x29, 0x5d, 0x7d, 0x8f, 0x28];
const many = 60_000;

/** Where the instruction at a place ends. */
function endOf(bytes: Buffer, at: number): number {
  const code = bytes[at] ?? stop;
  if (code === globalCode) return bytes.indexOf(10, bytes.indexOf(10, at) + 1) + 1 || bytes.length;
  const operand = operands[code] ?? 0;
  const end = at + 1 + Math.abs(operand);
  if (operand >= 0 || end > bytes.length) return Math.min(end, bytes.length);
  return Math.min(bytes.length, end + (operand === -1 ? (bytes[at + 1] ?? 0) : bytes.readUInt32LE(at + 1)));
}

/** The instructions of a pickle, or of several; what is behind the fifth, as one. */
function instructionsOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let stops = 0;
  for (let at = 0; at < bytes.length;) {
    const end = stops === 5 ? bytes.length : endOf(bytes, at);
    if (bytes[at] === stop) stops += 1;
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

/** An instruction with another operand. */
function otherOperand(instruction: Buffer, random: Random): Buffer {
  const code = instruction[0] ?? stop;
  const changed = Buffer.from(instruction);
  const operand = operands[code] ?? 0;
  if (operand > 0) {
    const value = random.chance(0.5) ? random.below(300) : random.pick(numbers) >>> 0;
    const word = Buffer.alloc(8);
    word.writeUInt32LE(value);
    changed.set(word.subarray(0, operand), 1);
  } else if (code === 0x58) {
    const text = Buffer.from(random.pick(names));
    const head = Buffer.of(code, 0, 0, 0, 0);
    head.writeUInt32LE(text.length, 1);
    return Buffer.concat([head, text]);
  } else if (changed.length > 1) {
    const at = 1 + random.below(changed.length - 1);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
  } else changed[0] = random.pick(makers);
  return changed;
}

/** A pickle in which a few instructions are others, twice there, missing or elsewhere; rarely, one is there without end. */
export function mutatePickle(input: Uint8Array, random: Random): Uint8Array {
  const all = instructionsOf(Buffer.from(input.buffer, input.byteOffset, input.byteLength));
  for (let count = 1 + random.below(2); count > 0; count -= 1) {
    const at = random.below(all.length);
    const own = all[at] ?? Buffer.alloc(0);
    const chance = random.uniform();
    if (chance < 0.6) all[at] = otherOperand(own, random);
    else if (chance < 0.7) all.splice(at, 0, own);
    else if (chance < 0.78) all.splice(at, 1);
    else if (chance < 0.86) all[at] = random.pick(all);
    else if (chance < 0.96) all.splice(at, 0, Buffer.of(random.pick(makers)));
    else all.splice(at, 0, Buffer.alloc(many, random.chance(0.2) && own.length > 0 && own.length < 6 ? own : Buffer.of(random.pick(makers)))); // prettier-ignore
  }
  return Buffer.concat(all);
}
