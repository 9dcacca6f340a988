// Holds the arrows of the architecture: who may import whom, read from the sources themselves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCycle } from './helpers/cycles.ts';
import { importsOf, root, sourceFiles, workspaces, type Import } from './helpers/sources.ts';
import { violations } from './layers/layers.ts';
import { layersOf } from './layers/table.ts';

/** The workspace packages that each workspace may import. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'packages/tensor': [],
  'packages/nn': ['tensor'],
  'packages/search': [],
  'packages/storage': ['search'],
  'packages/optimize': ['tensor', 'nn', 'search'],
  'packages/models': ['tensor', 'nn'],
  'packages/language': ['tensor', 'nn', 'models', 'search', 'optimize'],
  'packages/data': ['tensor', 'nn'],
  'packages/pipeline': ['tensor', 'nn', 'data', 'search', 'storage', 'optimize'],
  'packages/testing': ['tensor', 'search'],
  'packages/browser': ['tensor', 'nn', 'search', 'optimize'],
  'apps/chat': ['tensor', 'nn', 'models', 'language'],
  'apps/cli': ['tensor', 'nn', 'data', 'search', 'storage', 'optimize', 'pipeline', 'models', 'language'],
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

test('a layer that imports what is above it is found, and an exception that nothing needs', () => {
  const layers = {
    arrows: { low: [], high: ['low'], 'high/own': [] },
    exceptions: [
      { from: 'low', to: 'high/a.ts', types: true, why: 'its types name each other' },
      { from: 'high/own', to: 'low', why: 'nothing' },
    ],
  } as const;
  const line = (from: string, to: string, typeOnly = false): Import => ({
    file: `packages/p/src/${from}`,
    specifier: '',
    target: `packages/p/src/${to}`,
    typeOnly,
  });
  const sound = [line('high/a.ts', 'low/b.ts'), line('low/b.ts', 'high/a.ts', true), line('index.ts', 'high/a.ts')];
  expect(violations(layers, 'packages/p', sound)).toEqual(['nothing in high/own imports low any more']);
  const knots = [line('low/b.ts', 'high/a.ts'), line('high/a.ts', 'high/own/c.ts', true), line('c.ts', 'low/b.ts')];
  expect(violations(layers, 'packages/p', [...sound, ...knots])).toEqual([
    'low/b.ts imports high/a.ts: no arrow from low to high',
    'high/a.ts imports types of high/own/c.ts: no arrow from high to high/own',
    'c.ts is in no layer',
    'nothing in high/own imports low any more',
  ]);
});

test.each(Object.entries(layersOf))('the arrows between the layers of %s run in no circle', (_, { arrows: below }) => {
  expect(findCycle(new Map(Object.entries(below)))?.join(' → ')).toBeUndefined();
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

  test('keeps to its layers, types included', () => {
    const layers = layersOf[workspace] ?? { arrows: {}, exceptions: [] };
    expect(violations(layers, workspace, imports)).toEqual([]);
  });

  test('has no circle of imports, types aside', () => {
    const edges = new Map(files.map((file) => [file, [] as string[]]));
    for (const { file, target, typeOnly } of imports) if (!typeOnly) edges.get(file)?.push(target);
    expect(findCycle(edges)?.join(' → ')).toBeUndefined();
  });
});
