/**
 * YAML whose values know where they were written, so that errors name line and column, and hostile texts are refused
 * early.
 */
import { LineCounter, isMap, isNode, isPair, isScalar, parseDocument, type Document } from 'yaml';
import { UsageError, type Place } from '../errors.ts';

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

/** How large a recipe may be, in characters, and in lines and items; how deep it may be nested; how often it may repeat a part by its name. */
const longest = 1_000_000;
const mostParts = 5000;
const deepest = 100;
const mostRepeats = 100;

/** How much of a text begins lists and maps within each other, at the most: what cannot be read by recursion. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0];
  for (const [bracket] of text.matchAll(/[[\]{}]/gu)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    most = Math.max(most, depth);
  }
  // A line can open levels by dashes and keys, and be further in than the one before.
  for (const [spaces, dashes] of text.matchAll(/^(\s*)((?:[-?:] +)*)/gmu)) {
    most = Math.max(most, spaces.length / 2, (dashes ?? '').length / 2);
  }
  return most;
}

/** The value of a document. */
function valueOf(document: Document.Parsed, refuse: (problem: string) => never): unknown {
  try {
    return document.toJS({ maxAliasCount: mostRepeats });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(`this cannot be read: ${reason}: write out what is repeated`);
  }
}

/**
 * Reads one YAML document: up to a million characters, 5,000 lines and items, 100 levels, and 100 repetitions by an alias.
 * @throws {UsageError} with line and column when it is not YAML, or larger.
 */
export function readYaml(file: string, text: string): LocatedYaml {
  const lines = new LineCounter();
  if (text.length > longest)
    throw new UsageError(`${file}: it has ${text.length} characters: a recipe may have ${longest}`);
  const parts = text.match(/[\n,]/gu)?.length ?? 0;
  if (parts > mostParts)
    throw new UsageError(`${file}: it has ${parts} lines and items: a recipe may have ${mostParts}`);
  if (depthOf(text) > deepest) throw new UsageError(`${file}: it is nested deeper than ${deepest} levels: nest less`);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (problem: string, offset: number): never => {
    throw new UsageError(problem, placeAt(offset));
  };
  const [error] = document.errors;
  if (error !== undefined) {
    const hint = 'check the indentation and the quotes here';
    throw new UsageError(`this is not YAML: ${error.message}: ${hint}`, placeAt(error.pos[0]));
  }
  return {
    value: valueOf(document, (problem) => refuse(problem, 0)),
    place: (path, key) => placeAt(offsetOf(document, path, key)),
  };
}
