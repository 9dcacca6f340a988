/** The bytes of a buffer as one text, a character for each, made when it is first asked for: parts of it cost next to nothing. */

const atOnce = 4096;

/** Text of ASCII fields. */
export class LatinText {
  readonly #bytes: Uint8Array;
  #text: string | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The characters of a field. A long one keeps the text of the whole buffer alive. */
  slice(start: number, end: number): string {
    return (this.#text ??= this.#decode()).slice(start, end);
  }

  #decode(): string {
    const parts: string[] = [];
    for (let at = 0; at < this.#bytes.length; at += atOnce)
      parts.push(String.fromCharCode.apply(null, this.#bytes.subarray(at, at + atOnce) as unknown as number[]));
    return parts.join('');
  }
}
