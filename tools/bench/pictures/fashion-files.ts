/** Fashion-MNIST, of the package that has it as numbers in JSON, as the files that others have it in. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePng } from '../../../apps/cli/test/helpers/write-png.ts';
import { packageFolder } from '../optimize/subjects/packages.ts';

const [classes, side] = [10, 28];
const pixels = side * side;

interface Picture {
  readonly label: number;
  readonly bytes: Uint8Array;
}

/** So many pictures, of all classes in turn; rows that are empty are left out. Source: H. Xiao et al., "Fashion-MNIST", 2017. */
function read(count: number): readonly Picture[] {
  const folder = packageFolder('fashion-mnist');
  const byClass = Array.from({ length: classes }, (_, label) => {
    const { data } = JSON.parse(readFileSync(`${folder}/src/clothes/${label}.json`, 'utf8')) as { data: number[][] };
    const rows = data.filter((row) => row.length === pixels).slice(0, Math.ceil(count / classes));
    return rows.map((row): Picture => ({ label, bytes: Uint8Array.from(row) }));
  });
  const longest = Math.max(...byClass.map(({ length }) => length));
  return Array.from({ length: longest }, (_, row) => byClass.flatMap((each) => each.slice(row, row + 1)))
    .flat()
    .slice(0, count);
}

function idx(shape: readonly number[], parts: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, ...parts]);
}

/** Writes pictures into `idx` and `png` below a folder, unless they are there: every seventh for the test. */
export async function writeFashion(folder: string, count: number): Promise<void> {
  const done = join(folder, `written-${count}`);
  if (existsSync(done)) return;
  const all = read(count);
  mkdirSync(join(folder, 'idx'), { recursive: true });
  for (const [part, prefix] of [
    ['train', 'train'],
    ['test', 't10k'],
  ] as const) {
    const own = all.filter((_, index) => (index % 7 === 6) === (part === 'test'));
    const write = (file: string, bytes: Uint8Array): void =>
      writeFileSync(join(folder, 'idx', `${prefix}-${file}`), bytes);
    write(
      'images-idx3-ubyte',
      idx(
        [own.length, side, side],
        own.map(({ bytes }) => bytes),
      ),
    );
    write('labels-idx1-ubyte', idx([own.length], [Uint8Array.from(own, ({ label }) => label)]));
    for (const [index, { label, bytes }] of own.entries()) {
      const name = `${String(index).padStart(6, '0')}.png`;
      await writePng(join(folder, 'png', part, String(label), name), bytes, side, side);
    }
  }
  writeFileSync(done, '');
}
