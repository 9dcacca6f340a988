/** Independent random streams from one seed. */
import { Generator } from '@espalier/tensor';
import { aText, check } from '@espalier/tensor/arguments';
import { aSeed } from '../config/rules.ts';

/**
 * A seed for one purpose, from a seed and the purpose's name: 53 bits of two FNV-1a hashes, so that streams with
 * different names have nothing to do with each other. Source: Fowler, Noll and Vo, "The FNV Non-Cryptographic Hash
 * Algorithm", IETF draft-eastlake-fnv.
 * @throws {ArgumentError} for a seed that is no integer.
 */
export function deriveSeed(seed: number, name: string): number {
  check('deriveSeed', 'seed', seed, aSeed);
  check('deriveSeed', 'name', name, aText);
  const text = `${seed}/${name}`;
  return (hash(text, 0x811c9dc5) & 0x1fffff) * 2 ** 32 + hash(text, 0x2b7e1516);
}

function hash(text: string, start: number): number {
  let value = start;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  // The last characters have only reached the low bits: mix (finaliser of MurmurHash3, A. Appleby).
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** A generator for one purpose. */
export function streamOf(seed: number, name: string): Generator {
  return new Generator(deriveSeed(seed, name));
}
