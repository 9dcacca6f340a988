/** The line that a byte of a file stands in: what an editor is told, where rows have lines within and files are large. */
import { FormatError } from '@espalier/nn';
import { piecesOf, type ByteSource } from '@espalier/nn/format';

/** Bytes that are looked through at once. */
const pieceBytes = 1 << 20;

const [lineFeed, carriageReturn] = [10, 13];

/** The number of the line, from 1. Lines end in LF, CR LF or CR. */
async function lineOf(source: ByteSource, offset: number): Promise<number> {
  let [line, before] = [1, 0];
  for await (const piece of piecesOf(source, pieceBytes, 0, Math.min(offset, source.size)))
    for (const byte of piece) {
      if (byte === carriageReturn || (byte === lineFeed && before !== carriageReturn)) line++;
      before = byte;
    }
  return line;
}

/** An error at a byte of a file, with the line in it as well; any other as it is. */
export async function withLine(source: ByteSource, error: unknown): Promise<unknown> {
  if (!(error instanceof FormatError) || error.source !== source.name || error.offset === 0) return error;
  try {
    const line = await lineOf(source, error.offset);
    const problem = error.message.slice(`${error.source}: at byte ${error.offset}: `.length);
    return new FormatError(error.source, error.offset, `line ${line}, ${problem}`);
  } catch {
    // A file that cannot be read again is not what is wrong.
    return error;
  }
}
