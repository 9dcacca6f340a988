/**
 * A WGSL module under construction: collects the library functions and declarations that its body asks for.
 */
import { InternalError } from '../../../errors.ts';
import { wgslFunctions } from './functions.ts';

/** Gathers what a kernel uses and prints the module, declarations before functions before the entry points. */
export class WgslModule {
  readonly #functions = new Set<string>();
  readonly #declarations: string[] = [];
  readonly #bodies: string[] = [];

  /** Makes a library function available and returns its name, so that a call reads `${module.use('less')}(a, b)`. */
  use(name: string): string {
    const entry = wgslFunctions[name];
    if (entry === undefined) throw new InternalError('webgpu', `no WGSL function is called ${name}`);
    if (!this.#functions.has(name)) {
      for (const needed of entry.needs) this.use(needed);
      this.#functions.add(name);
    }
    return name;
  }

  /** Adds a module-scope declaration. */
  declare(line: string): void {
    this.#declarations.push(line);
  }

  /** Adds a function or entry point, printed after the library functions. */
  add(code: string): void {
    this.#bodies.push(code);
  }

  /** The module's text under a one-line title. */
  text(title: string): string {
    const functions = [...this.#functions].map((name) => wgslFunctions[name]?.code ?? '');
    return [`// ${title}\n${this.#declarations.join('\n')}`, ...functions, ...this.#bodies].join('\n\n') + '\n';
  }
}

/** Indents every line of a block by two spaces per level. */
export function indent(lines: readonly string[], level = 1): string {
  const margin = '  '.repeat(level);
  return lines
    .flatMap((line) => line.split('\n'))
    .map((line) => (line === '' ? '' : margin + line))
    .join('\n');
}
