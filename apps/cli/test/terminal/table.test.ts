import { expect, test } from 'vitest';
import { renderTable } from '../../src/terminal/table.ts';
import { cut, widthOf } from '../../src/terminal/terminal.ts';
import { FakeStream } from '../helpers/fake-stream.ts';

const columns = [{ heading: 'model' }, { heading: 'bytes', align: 'right' }] as const;

test('aligns columns by their widest cell', () => {
  const table = renderTable(
    columns,
    [
      ['searched', '160 kB'],
      ['int8', '9 kB'],
    ],
    new FakeStream(),
  );
  expect(table).toBe(['model      bytes', '────────  ──────', 'searched  160 kB', 'int8        9 kB'].join('\n'));
});

test('measures text without its styles', () => {
  expect(widthOf('\u001B[1mbold\u001B[22m')).toBe(4);
});

test('on a terminal the last column is cut to what fits, elsewhere it is whole', () => {
  const row = ['searched', 'lr=0.001 layers=4 activation=relu'];
  const terminal = renderTable(
    [{ heading: 'model' }, { heading: 'config' }],
    [row],
    new FakeStream({ isTTY: true, columns: 30 }),
  );
  expect(terminal.split('\n').at(-1)).toBe('searched  lr=0.001 layers=4 a…');
  const file = renderTable([{ heading: 'model' }, { heading: 'config' }], [row], new FakeStream({ columns: 30 }));
  expect(file.split('\n').at(-1)).toBe(row.join('  '));
});

test('a cut text keeps its width and its styles', () => {
  expect(cut('\u001B[1mbold\u001B[22m and plain', 6)).toBe('\u001B[1mbold\u001B[22m …');
  expect(cut('fits', 4)).toBe('fits');
});
