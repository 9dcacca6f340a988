/** Names of parts of a module, made of those in a file. */

/** Names that are given out once each. */
export class Names {
  readonly #taken = new Set<string>();

  /** A name without what JSON paths and files of others trip over: `/layer1/conv/Conv` becomes `layer1.conv.Conv`. */
  give(wanted: string, fallback: string): string {
    const plain = wanted
      .replaceAll(/[/:]+/g, '.')
      .replaceAll(/[^\w.-]+/g, '_')
      .replaceAll(/\.{2,}/g, '.')
      .replaceAll(/^[.]+|[.]+$/g, '');
    const base = plain === '' ? fallback : plain;
    let name = base;
    for (let count = 2; this.#taken.has(name); count++) name = `${base}_${count}`;
    this.#taken.add(name);
    return name;
  }
}
