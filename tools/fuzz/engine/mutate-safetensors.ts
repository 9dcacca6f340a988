/** Mutations of safetensors: of the header, so that the length that is said of it holds, and so that what it says of tensors does. */
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateRange } from './mutate-range.ts';
import type { Random } from './random.ts';

interface Told {
  dtype?: string;
  shape?: number[];
}

const lengthBytes = 8;

/** Types of values that take as many bytes each. */
const alike: readonly (readonly string[])[] = [
  ['I8', 'U8', 'BOOL', 'F8_E4M3', 'F8_E5M2'],
  ['F16', 'BF16', 'I16', 'U16'],
  ['F32', 'I32', 'U32'],
  ['F64', 'I64', 'U64'],
];

/** Says another thing of a tensor that its bytes can be: a type of as many bytes, a shape of as many values, another name. */
function retell(header: Record<string, Told>, random: Random): void {
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  if (names.length === 0) return;
  const name = random.pick(names);
  const told = header[name];
  if (!told) return;
  const { shape = [] } = told;
  const chance = random.uniform();
  if (chance < 0.3) told.dtype = random.pick(alike.find((types) => types.includes(told.dtype ?? '')) ?? ['F32']);
  else if (chance < 0.5) told.shape = shape.toReversed();
  else if (chance < 0.7) told.shape = [shape.reduce((product, size) => product * size, 1)];
  else if (chance < 0.85) told.shape = [...shape, 1];
  else {
    delete header[name];
    header[`${name}${random.pick(['.weight', '_', '0', '.qweight', '__proto__'])}`] = told;
  }
}

/** A file whose header has changed by another function. */
function withHeader(input: Uint8Array, change: (header: Uint8Array) => Uint8Array): Uint8Array {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const end = lengthBytes + Number(bytes.readBigUInt64LE());
  const header = change(bytes.subarray(lengthBytes, end));
  const length = Buffer.alloc(lengthBytes);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytes.subarray(end)]);
}

/** A file of tensors with other bytes, other values, another header, or one that says otherwise what can be said. */
export function mutateSafetensors(input: Uint8Array, random: Random): Uint8Array {
  const chance = random.uniform();
  if (chance < 0.25) return mutateBytes(input, random);
  if (chance < 0.6) return withHeader(input, (header) => mutateJson(header, random));
  if (chance < 0.75) {
    const end = lengthBytes + Number(Buffer.from(input.subarray(0, lengthBytes)).readBigUInt64LE());
    return mutateRange(input, random, end);
  }
  return withHeader(input, (header) => {
    const told = JSON.parse(Buffer.from(header).toString()) as Record<string, Told>;
    for (let count = 1 + random.below(2); count > 0; count -= 1) retell(told, random);
    return Buffer.from(JSON.stringify(told));
  });
}
