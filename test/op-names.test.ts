// The lowering knows no op by its name: what it does with one follows from its family and from what its entry says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { opTable } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { root, sourceFiles } from './helpers/sources.ts';

/** Kinds of steps of a loop body, some of which ops are called as well. */
const steps = new Set(['load', 'gather', 'index', 'constant', 'scalar', 'reduce', 'accumulator', 'store']);

/** The op names among the strings of a source, those aside that say of what kind a step is. */
function opNamesIn(source: string, names: ReadonlySet<string>): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '');
  return [...code.matchAll(/(kind(?::| ===) )?(['"`])([\w-]+)\2/g)].flatMap(([, kind, , text = '']) =>
    names.has(text) && !(kind && steps.has(text)) ? [text] : [],
  );
}

/** What ops are called: in the table, and, where those are compositions or have kernels, in their entries. */
function namesOfOps(): Set<string> {
  const named = /\bname: (?:.*? \? )?'([\w-]+)'|(?:elementwise|scan|movement)\('([\w-]+)'/g;
  const sources = sourceFiles('packages/tensor').filter((file) => /src\/(?:ops|encoded)\//.test(file));
  const found = sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(named)].map(([, name, other]) => name ?? other ?? ''),
  );
  return new Set([...opTable.map(({ name }) => name), ...found]);
}

const names = namesOfOps();

test('the names of ops are found', () => {
  expect([...names]).toEqual(
    expect.arrayContaining(['matmul', 'conv2d', 'softmax', 'assignAt', 'encodedMatmul', 'cumsum']),
  );
});

test('a source that asks for an op by its name is caught, and one that names a step is not', () => {
  const source = "// 'sort'\nif (op.name === 'matmul' || spec.kind === `conv2d`) push({ kind: 'gather' }, 'gather');";
  expect(opNamesIn(source, names)).toEqual(['matmul', 'conv2d', 'gather']);
});

test.each(sourceFiles('packages/tensor').filter((file) => file.includes('/src/lower/')))('%s names no op', (file) => {
  expect(opNamesIn(readFileSync(join(root, file), 'utf8'), names)).toEqual([]);
});
