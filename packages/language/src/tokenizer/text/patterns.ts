/**
 * Regular expressions that somebody else wrote: engines that go back where they went wrong take time that grows beyond all bounds with
 * some. What may do so is told from what it is made of, before it is run: a repetition of what can be read in several ways has as many
 * ways as 2 to the power of its length, and each further repetition behind another one multiplies time by the length of the text.
 */

/** What may be there more often is as good as without an end. */
const manyTimes = 64;
/** Repetitions without an end that may follow on one another. */
const mostRepetitions = 4;

/** Repeats of a quantifier: `{2,}` is [2, Infinity]. */
type Times = readonly [least: number, most: number];

interface Branch {
  /** The first character, where that is one that stands for itself. */
  first: string | undefined;
  isEmpty: boolean;
  /** Repetitions without an end, in it or in groups of it. */
  endless: number;
}

interface Group {
  readonly branches: Branch[];
  /** Whether something in it may be there so many times or another. */
  varies: boolean;
}

const newBranch = (): Branch => ({ first: undefined, isEmpty: true, endless: 0 });
const newGroup = (): Group => ({ branches: [newBranch()], varies: false });

const single: Readonly<Record<string, Times>> = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] };

/** The quantifier at a place, and where it ends. */
function quantifierAt(pattern: string, at: number): { readonly times: Times; readonly end: number } | undefined {
  const found = /^(?:[*+?]|\{(?<least>\d+)(?<comma>,?)(?<most>\d*)\})[?+]?/u.exec(pattern.slice(at, at + 32));
  if (!found) return undefined;
  const end = at + found[0].length;
  const known = single[pattern[at] as string];
  if (known) return { times: known, end };
  const { least, comma, most } = found.groups as {
    readonly least: string;
    readonly comma: string;
    readonly most: string;
  };
  const last = comma === '' ? Number(least) : most === '' ? Infinity : Number(most);
  return { times: [Number(least), last], end };
}

/** Where a class of characters ends that begins at a place; classes may lie in one another. */
function classEnd(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '[') depth++;
    else if (character === ']' && --depth === 0) return at + 1;
  }
  return pattern.length;
}

/** Where an escape ends. */
const escapeEnd = (pattern: string, at: number): number =>
  at +
  (/^\\(?:[pPuxk]\{[^}]*\}|k<[^>]*>|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^])?/u.exec(pattern.slice(at, at + 64))?.[0]
    .length ?? 1);

/** Whether it is clear by the first character which way is to be taken. */
function isChoiceClear({ branches }: Group): boolean {
  const firsts = new Set(branches.map(({ first }) => first));
  return branches.length === 1 || (!firsts.has(undefined) && firsts.size === branches.length);
}

/** Why a pattern may take for ever; undefined where it does not. */
export function flawOfPattern(pattern: string): string | undefined {
  const groups: Group[] = [newGroup()];
  const within = (): Group => groups.at(-1) as Group;
  const branch = (): Branch => within().branches.at(-1) as Branch;
  for (let at = 0; at < pattern.length;) {
    const character = pattern[at] as string;
    if (character === '(') {
      groups.push(newGroup());
      at += /^\((?:\?(?:<?[=!]|[a-z-]*:|<[^>]*>|>))?/u.exec(pattern.slice(at, at + 64))?.[0].length ?? 1;
      continue;
    }
    if (character === '|') {
      within().branches.push(newBranch());
      at++;
      continue;
    }
    let inner: Group | undefined;
    let literal: string | undefined;
    if (character === ')') {
      if (groups.length === 1) return 'it closes a group that it has not begun';
      inner = groups.pop();
      at++;
    } else if (character === '[') at = classEnd(pattern, at);
    else if (character === '\\') {
      if (/^\\(?:[1-9]|k<)/u.test(pattern.slice(at, at + 3))) return 'it looks for what it has found before';
      at = escapeEnd(pattern, at);
    } else {
      if (!/[.^$]/u.test(character)) literal = character.toLowerCase();
      at++;
    }
    const quantifier = quantifierAt(pattern, at);
    const [least, most] = quantifier?.times ?? [1, 1];
    if (quantifier) at = quantifier.end;
    if (inner && most > 1 && (inner.varies || !isChoiceClear(inner)))
      return 'it repeats what can be read in several ways';
    const now = branch();
    if (now.isEmpty) now.first = least > 0 ? literal : undefined;
    now.isEmpty = false;
    now.endless +=
      Math.max(0, ...(inner?.branches.map(({ endless }) => endless) ?? [])) + (most - least > manyTimes ? 1 : 0);
    if (now.endless > mostRepetitions)
      return `it has more than ${mostRepetitions} repetitions that follow on one another`;
    const isClear = !inner || (!inner.varies && isChoiceClear(inner));
    if (least !== most || !isClear) within().varies = true;
  }
  return undefined;
}
