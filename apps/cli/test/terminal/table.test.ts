import { expect, test } from 'vitest';
import { renderTable } from '../../src/terminal/table.ts';
import { widthOf } from '../../src/terminal/terminal.ts';
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
