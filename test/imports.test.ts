// Holds the arrows of the architecture: who may import whom, read from the sources themselves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCycle } from './helpers/cycles.ts';
import { importsOf, root, sourceFiles, workspaces } from './helpers/sources.ts';
import type { Import } from './helpers/sources.ts';

/** The workspace packages that each workspace may import. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'packages/tensor': [],
  'packages/nn': ['tensor'],
  'packages/search': [],
  'packages/storage': ['search'],
  'packages/optimize': ['tensor', 'nn'],
  'packages/pipeline': ['tensor', 'nn', 'search', 'storage', 'optimize'],
  'packages/testing': ['tensor', 'search'],
  'packages/browser': ['tensor', 'nn', 'search', 'optimize'],
  'apps/cli': ['tensor', 'nn', 'search', 'storage', 'optimize', 'pipeline'],
};

/** The packages that promise to install nothing but each other. */
const withoutDependencies = ['tensor', 'nn', 'search', 'storage', 'optimize', 'pipeline', 'browser'].map(
  (name) => `packages/${name}`,
);

const own = /^@espalier\/([^/]+)/;
const sentence = ({ file, target }: Import): string => `${file} imports ${target}`;

test('every workspace has its arrows stated here', () => {
  expect([...workspaces].toSorted()).toEqual(Object.keys(arrows).toSorted());
});

test('a cycle is found where there is one', () => {
  const line: [string, string[]][] = [
    ['a', ['b', 'c']],
    ['b', ['c']],
    ['c', []],
  ];
  expect(findCycle(new Map(line))).toBeUndefined();
  expect(findCycle(new Map([...line, ['c', ['d']], ['d', ['b']]]))).toEqual(['b', 'c', 'd', 'b']);
});

test.each(withoutDependencies)('%s depends on nothing outside the workspace', (workspace) => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'));
  const dependencies = Object.keys(Reflect.get(Object(manifest), 'dependencies') ?? {});
  expect(dependencies.filter((name) => !own.test(name))).toEqual([]);
});

describe.each(workspaces)('%s', (workspace) => {
  const files = sourceFiles(workspace);
  const imports = files.flatMap(importsOf);
  const isNodeOnly = (file: string): boolean => /^apps\/|^packages\/storage\/|\/src\/node\//.test(file);

  test('imports only the workspace packages below it', () => {
    const allowed = arrows[workspace] ?? [];
    const upward = imports.filter(({ target }) => own.test(target) && !allowed.includes(own.exec(target)?.[1] ?? ''));
    expect(upward.map(sentence)).toEqual([]);
  });

  test('stays inside its own src when it imports by path', () => {
    const byPath = imports.filter(({ specifier }) => specifier.startsWith('.'));
    expect(byPath.filter(({ target }) => !target.startsWith(`${workspace}/src/`)).map(sentence)).toEqual([]);
  });

  test('no file imports its own list of exports', () => {
    const barrels = [`${workspace}/src/index.ts`, `@espalier/${workspace.split('/')[1]}`];
    expect(imports.filter(({ target }) => barrels.includes(target)).map(sentence)).toEqual([]);
  });

  test('asks for Node only in src/node, in storage and in applications', () => {
    const needsNode = /^node:|\/src\/node\/|^@espalier\/(?:[^/]+\/node|storage)$/;
    expect(imports.filter(({ file, target }) => needsNode.test(target) && !isNodeOnly(file)).map(sentence)).toEqual([]);
  });

  test('has no circle of imports, types aside', () => {
    const edges = new Map(files.map((file) => [file, [] as string[]]));
    for (const { file, target, typeOnly } of imports) if (!typeOnly) edges.get(file)?.push(target);
    expect(findCycle(edges)?.join(' → ')).toBeUndefined();
  });
});
