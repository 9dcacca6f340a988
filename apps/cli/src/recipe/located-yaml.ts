import { LineCounter, isMap, isNode, isPair, isScalar, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { UsageError } from '../errors.ts';
import type { Place } from '../errors.ts';

/** A value read from YAML, and where each part of it was written. */
export interface LocatedYaml {
  readonly value: unknown;
  /** The place of the value at a path; of its key, where `key` names one of a map at the path. */
  place(path: readonly PropertyKey[], key?: string): Place;
}

/** The offset of the value at a path, or of the innermost part of it that exists. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length).map(String), true);
    const found = isNode(node) ? node : undefined;
    if (key !== undefined && length === path.length && isMap(found)) {
      const pair = found.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    if (found?.range) return found.range[0];
  }
  return 0;
}

/**
 * Reads one YAML document.
 * @throws UsageError with line and column when it is not YAML.
 */
export function readYaml(file: string, text: string): LocatedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = document.errors;
  if (error !== undefined) {
    const hint = 'check the indentation and the quotes here';
    throw new UsageError(`this is not YAML: ${error.message}: ${hint}`, placeAt(error.pos[0]));
  }
  return { value: document.toJS(), place: (path, key) => placeAt(offsetOf(document, path, key)) };
}
