/**
 * The dialect of the sources, as rules that read a file: how it begins, in which order it imports, what is private, and
 * how it says what it throws. What they complain of names the line and says what to do.
 */
import { parseSync } from 'vite';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [part: string]: unknown;
}

/** A file that has been read. */
export interface Source {
  readonly text: string;
  readonly body: readonly Node[];
  readonly comments: readonly { readonly value: string; readonly start: number; readonly end: number }[];
}

/** What is wrong with a part of a file. */
interface Complaint {
  readonly at: number;
  readonly problem: string;
}

/** Reads a file; `known` has the classes that may be thrown by name, beside those of the file. */
export type Rule = (source: Source, known: ReadonlySet<string>) => readonly Complaint[];

/** Parses a file. */
export function read(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return { text, body: program.body as unknown as readonly Node[], comments };
}

/** What a rule finds in a file, a line for each complaint. */
export function complaints(path: string, source: Source, rule: Rule, known: ReadonlySet<string>): readonly string[] {
  const lineOf = (at: number): number => source.text.slice(0, at).split('\n').length;
  return rule(source, known).map(({ at, problem }) => `${path}:${lineOf(at)} ${problem}`);
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

/** Visits a node and all within it, outer ones first; what `visit` answers with false is not entered. */
function walk(value: unknown, visit: (node: Node) => boolean | undefined): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  else if (isNode(value) && visit(value) !== false) for (const part of Object.values(value)) walk(part, visit);
}

/** The name of a declaration, a member or a class. */
function nameOf(value: unknown): string {
  const name = isNode(value) ? value['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

/** The comment directly before a place, if it documents what stands there. */
function documentation({ text, comments }: Source, start: number): string {
  const comment = comments.findLast(({ end }) => end <= start);
  const isNear = comment !== undefined && text.slice(comment.end, start).trim() === '';
  return isNear && comment.value.startsWith('*') ? comment.value : '';
}

/** A file says first what it is about. */
export const header: Rule = ({ text }) =>
  /^\/\*\*[^*](?:(?!\*\/)[^])*\*\/\n(?!\n+import\b)/.test(text)
    ? []
    : [
        {
          at: 0,
          problem: 'has no header: begin with /** what it is about, and why */, and no blank line before imports',
        },
      ];

/** Private is what JavaScript keeps private; a constructor can only be so to TypeScript. */
export const privates: Rule = ({ body }) => {
  const found: Complaint[] = [];
  walk(body, (node) => {
    const { accessibility, kind, key, start } = node;
    if ((accessibility === 'private' || accessibility === 'public') && kind !== 'constructor') {
      const remedy = accessibility === 'private' ? `write #${nameOf(key)}` : 'leave the word out';
      found.push({ at: start, problem: `has a member that is ${accessibility} by a word: ${remedy}` });
    }
    return undefined;
  });
  return found;
};

/** Node's modules, packages, paths: what is farther comes first. */
const distance = (specifier: string): number => (specifier.startsWith('node:') ? 0 : specifier.startsWith('.') ? 2 : 1);
const specifierOf = ({ source }: Node): string => String((source as { readonly value: unknown }).value);

/** What a file imports comes in one order, with endings. */
export const imports: Rule = ({ body }) => {
  const all = body.filter(({ type }) => type === 'ImportDeclaration');
  return all.flatMap((node, index) => {
    const before = all[index - 1];
    const specifier = specifierOf(node);
    if (specifier.startsWith('.') && !/\.(?:ts|mjs|json)$/.test(specifier))
      return [{ at: node.start, problem: `imports ${specifier}: name the file with its ending, .ts` }];
    if (before === undefined || distance(specifierOf(before)) <= distance(specifier)) return [];
    return [{ at: node.start, problem: `imports ${specifier} too late: node:, then packages, then paths` }];
  });
};

/** What a module gives is passed on by one statement, as it is imported by one (which lint sees to). */
export const exports: Rule = ({ body }) => {
  const passed = new Set<string>();
  return body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || !isNode(node['source'])) return [];
    const specifier = specifierOf(node);
    const isKnown = passed.has(specifier);
    passed.add(specifier);
    return isKnown ? [{ at: node.start, problem: `exports from ${specifier} twice: export { a, type B } from …` }] : [];
  });
};

const builtIn: readonly string[] = ['Error', 'SyntaxError', 'RangeError', 'TypeError'];

/** The classes that a file declares or imports. */
export function classesIn({ body }: Source): readonly string[] {
  const found: string[] = [];
  walk(body, (node) => {
    if (node.type === 'ClassDeclaration') found.push(nameOf(node['id']));
    else if (/^Import.*Specifier$/.test(node.type)) found.push(nameOf(node['local']));
    return undefined;
  });
  return found;
}

const tag = /^\{(\w+(?: \| \w+)*)\} \S/;

/** What is thrown stands in lines of their own, each with a class that there is. */
export const tags: Rule = (source, known) => {
  const own = new Set([...builtIn, ...classesIn(source)]);
  return source.comments.flatMap(({ value, start }) => {
    if (!value.startsWith('*')) return [];
    const complain = (index: number, problem: string): Complaint => ({ at: start + 2 + index, problem });
    const prose = [...value.matchAll(/\bThrows\b/g)].map(({ index }) =>
      complain(index, 'says in a sentence what it throws: write a line @throws {Class} when …'),
    );
    const wrong = [...value.matchAll(/([^\n]*)@throws +([^\n]*)/g)].flatMap(
      ({ index, 1: before = '', 2: rest = '' }) => {
        const [, classes] = tag.exec(rest) ?? [];
        if (classes === undefined || !/^\s*\*\s*$/.test(before))
          return [complain(index, 'has a @throws of another form: write a line @throws {Class} when …')];
        const unknown = classes.split(' | ').filter((name) => !known.has(name) && !own.has(name));
        return unknown.map((name) => complain(index, `names ${name}, and there is no such class`));
      },
    );
    return [...prose, ...wrong];
  });
};

/** A bug of ours, which no caller can do anything about: it is not part of what a function promises. */
const bug = 'InternalError';

/** The classes of which a function itself throws errors that it does not catch. */
function thrownBy(body: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  walk(body, (node) => {
    if (/Function|^Class/.test(node.type)) return false;
    if (node.type === 'TryStatement' && isNode(node['handler'])) {
      for (const part of [node['handler'], node['finalizer']]) for (const name of thrownBy(part)) found.add(name);
      return false;
    }
    const thrown = node.type === 'ThrowStatement' ? node['argument'] : undefined;
    if (isNode(thrown) && thrown.type === 'NewExpression') found.add(nameOf(thrown['callee']));
    return undefined;
  });
  found.delete(bug);
  return found;
}

/** What a file exports that can throw: functions, and members of classes, by what documents them. */
function* exported({ body }: Source): Generator<readonly [name: string, start: number, body: unknown]> {
  for (const { type, start, declaration } of body) {
    if (type !== 'ExportNamedDeclaration' || !isNode(declaration)) continue;
    if (declaration.type === 'FunctionDeclaration') yield [nameOf(declaration['id']), start, declaration['body']];
    for (const { id, init } of (declaration['declarations'] ?? []) as readonly Node[])
      if (isNode(init) && /Function/.test(init.type)) yield [nameOf(id), start, init['body']];
    if (declaration.type === 'ClassDeclaration' && isNode(declaration['body'])) {
      for (const member of declaration['body']['body'] as readonly Node[]) {
        const { key, value } = member;
        const isOpen = isNode(key) && key.type !== 'PrivateIdentifier' && isNode(value) && /Function/.test(value.type);
        if (isOpen) yield [`${nameOf(declaration['id'])}.${nameOf(key)}`, member.start, value['body']];
      }
    }
  }
}

/** Exported functions say what they throw themselves. A member without a word of its own is documented where it comes from. */
export const thrown: Rule = (source) => {
  const overloads = new Set(
    source.body
      .map(({ declaration }) => declaration)
      .filter((declaration) => isNode(declaration) && declaration.type === 'TSDeclareFunction')
      .map((declaration) => nameOf((declaration as Node)['id'])),
  );
  return [...exported(source)].flatMap(([name, start, body]) => {
    const text = documentation(source, start);
    if (text === '' && (name.includes('.') || overloads.has(name))) return [];
    const said = new Set(
      [...text.matchAll(/@throws \{([\w |]+)\}/g)].flatMap(({ 1: names = '' }) => names.split(' | ')),
    );
    const missing = [...thrownBy(body)].filter((each) => !said.has(each));
    return missing.map((each) => ({
      at: start,
      problem: `${name} throws ${each}: add a line @throws {${each}} when …`,
    }));
  });
};
