/** The value that a text of JSON stands for; undefined when it is none, which is not for its reader to say. */
export function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(input).toString()) as unknown;
  } catch {
    return undefined;
  }
}
