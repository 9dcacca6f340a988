/** All files speak one dialect; `helpers/dialect.ts` has its rules. What lint can hold, lint holds. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  classesIn,
  complaints,
  exports,
  header,
  imports,
  privates,
  read,
  tags,
  thrown,
  type Rule,
} from './helpers/dialect.ts';
import { root, sourceFiles, workspaces } from './helpers/sources.ts';

/** The files of a folder that are TypeScript, from the root. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?<!\.d)\.ts$/.test(path) && !path.includes('node_modules'))
    .map((path) => `${folder}/${path}`);

const parsed = (files: readonly string[]): ReadonlyMap<string, ReturnType<typeof read>> =>
  new Map(files.map((file) => [file, read(file, readFileSync(join(root, file), 'utf8'))]));

const published = parsed(workspaces.flatMap(sourceFiles));
const others = parsed(
  ['test', 'tools', ...workspaces.filter((each) => !each.endsWith('browser')).map((each) => `${each}/test`)].flatMap(
    filesIn,
  ),
);
const classes = new Set([...published.values()].flatMap(classesIn));

/** Each rule with what it finds in a file that breaks it; and a file that keeps it. */
const rules: readonly (readonly [name: string, rule: Rule, broken: string, found: readonly string[], kept: string])[] =
  [
    [
      'begins with a header',
      header,
      "import { a } from './a.ts';\n",
      ['f.ts:1 has no header: begin with /** what it is about, and why */, and no blank line before imports'],
      "/** What. */\nimport { a } from './a.ts';\n",
    ],
    [
      'keeps members private by #',
      privates,
      'class A {\n  private constructor() {}\n  private b = 1;\n  public c(): void {}\n}\n',
      [
        'f.ts:3 has a member that is private by a word: write #b',
        'f.ts:4 has a member that is public by a word: leave the word out',
      ],
      'class A {\n  #b = 1;\n  protected c(): void {}\n  private constructor() {}\n}\n',
    ],
    [
      'imports node:, packages and paths in this order, with endings',
      imports,
      "import { a } from './a.js';\nimport b from 'vite';\nimport { c } from 'node:fs';\n",
      [
        'f.ts:1 imports ./a.js: name the file with its ending, .ts',
        'f.ts:2 imports vite too late: node:, then packages, then paths',
        'f.ts:3 imports node:fs too late: node:, then packages, then paths',
      ],
      "import { c } from 'node:fs';\nimport b from 'vite';\nimport { a } from '../a.ts';\nimport { d } from './d.ts';\n",
    ],
    [
      'passes on what a module has by one statement',
      exports,
      "export { a } from './a.ts';\nexport type { B } from './a.ts';\n",
      ['f.ts:2 exports from ./a.ts twice: export { a, type B } from …'],
      "export { a, type B } from './a.ts';\nexport * from './b.ts';\n",
    ],
    [
      'says what is thrown in lines of their own',
      tags,
      '/** Throws Error if not. */\n/** Does. @throws {Error} if not. */\n/** @throws Error if not. */\n/**\n * @throws {Error}\n * @throws {NoError} if not.\n */\n',
      [
        'f.ts:1 says in a sentence what it throws: write a line @throws {Class} when …',
        'f.ts:2 has a @throws of another form: write a line @throws {Class} when …',
        'f.ts:3 has a @throws of another form: write a line @throws {Class} when …',
        'f.ts:5 has a @throws of another form: write a line @throws {Class} when …',
        'f.ts:6 names NoError, and there is no such class',
      ],
      'class OwnError extends Error {}\n/** @throws {OwnError | SyntaxError} if not. */\n/**\n * Does.\n * @throws {Error} if not.\n */\n',
    ],
    [
      'says of exported functions what they throw',
      thrown,
      'export function f(): void {\n  if (a) throw new AError();\n  throw new BError();\n}\nexport class C {\n  /** Does. */\n  d(): void {\n    throw new AError();\n  }\n}\n',
      [
        'f.ts:1 f throws AError: add a line @throws {AError} when …',
        'f.ts:1 f throws BError: add a line @throws {BError} when …',
        'f.ts:7 C.d throws AError: add a line @throws {AError} when …',
      ],
      '/** @throws {AError} always. */\nexport function f(): void {\n  try {\n    throw new BError();\n  } catch {\n    throw new AError();\n  }\n}\nexport class C {\n  d(): void {\n    throw new AError();\n  }\n}\nfunction g(): void {\n  throw new AError();\n}\n/** Bugs of ours aside. */\nexport const h = 1;\nexport function i(): void {\n  throw new InternalError();\n}\n',
    ],
  ];

describe.each(rules)('a file %s', (_, rule, broken, found, kept) => {
  const known = new Set(['AError', 'BError']);

  test('and one that does not is found', () => {
    expect(complaints('f.ts', read('f.ts', broken), rule, known)).toEqual(found);
    expect(complaints('f.ts', read('f.ts', kept), rule, known)).toEqual([]);
  });

  test('which holds of all that is published', () => {
    expect([...published].flatMap(([file, source]) => complaints(file, source, rule, classes))).toEqual([]);
  });
});

test.each([
  ['privates', privates],
  ['imports', imports],
  ['exports', exports],
] as const)('the rule of %s holds of tests and tools, too', (_, rule) => {
  expect([...others].flatMap(([file, source]) => complaints(file, source, rule, classes))).toEqual([]);
});

test('tools begin with a header, too', () => {
  const tools = [...others].filter(([file]) => file.startsWith('tools/'));
  expect(tools.flatMap(([file, source]) => complaints(file, source, header, classes))).toEqual([]);
});
