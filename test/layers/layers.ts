// How the folders of one package may import each other, and what keeps to it.
import type { Import } from '../helpers/sources.ts';

/** An import against the arrows that stays, and why. */
export interface LayerException {
  /** A file or folder under `src`. */
  readonly from: string;
  readonly to: string;
  /** Whether only types may be imported. */
  readonly types?: true;
  readonly why: string;
}

/** The layers of a package: none, and its folders are not held to anything. */
export interface Layers {
  /**
   * What each layer may import besides itself. A layer is a folder or file under `src`; what lies deeper may be a layer of
   * its own. The list of exports, `index.ts`, may import all.
   */
  readonly arrows: Readonly<Record<string, readonly string[]>>;
  readonly exceptions: readonly LayerException[];
}

const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** The layer of a file under `src`: the longest name that holds it. */
function layerOf({ arrows }: Layers, path: string): string | undefined {
  return Object.keys(arrows)
    .filter((layer) => within(path, layer))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** What a package's sources do against its layers, in sentences; types count like values. */
export function violations(layers: Layers, workspace: string, imports: readonly Import[]): string[] {
  if (Object.keys(layers.arrows).length === 0) return [];
  const used = new Set<LayerException>();
  const source = `${workspace}/src/`;
  const found = new Set<string>();
  for (const { file, target, typeOnly } of imports) {
    if (!target.startsWith(source) || file === `${source}index.ts`) continue;
    const [from, to] = [file.slice(source.length), target.slice(source.length)];
    const [above, below] = [layerOf(layers, from), layerOf(layers, to)];
    if (above === undefined) found.add(`${from} is in no layer`);
    else if (below === undefined) found.add(`${to} is in no layer`);
    else if (above !== below && !layers.arrows[above]?.includes(below)) {
      const exception = layers.exceptions.find(
        (candidate) => within(from, candidate.from) && within(to, candidate.to) && (typeOnly || !candidate.types),
      );
      if (exception) used.add(exception);
      else found.add(`${from} imports ${typeOnly ? 'types of ' : ''}${to}: no arrow from ${above} to ${below}`);
    }
  }
  for (const exception of layers.exceptions)
    if (!used.has(exception)) found.add(`nothing in ${exception.from} imports ${exception.to} any more`);
  return [...found];
}
