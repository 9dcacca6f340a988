/** Inputs of readers that are given what a text of JSON stands for. */
import { checkJsonMemory } from '@espalier/nn/format';

/** The value that a text of JSON stands for; undefined when it is none, or too much, which is not for its reader to say. */
export function jsonOf(input: Uint8Array): unknown {
  try {
    const text = Buffer.from(input).toString();
    checkJsonMemory(text, 'input');
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
