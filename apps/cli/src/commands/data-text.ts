/** What `espalier data` shows of texts: files with their bytes, tokens, the parts. */
import { readTexts } from '@espalier/data/node';
import { openText } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { formatBytes, formatCount } from '../terminal/format.ts';
import { defaultSeed } from '../cli/options.ts';
import { renderTable } from '../terminal/table.ts';

const right = { align: 'right' } as const;

/** So many files are told one by one. */
const shown = 12;

/**
 * Shows what would be read of texts.
 * @throws {UsageError} for a text that is too short to be learnt from, with the number of its tokens.
 */
export async function showTextData(
  session: Session,
  path: string,
  { seed = defaultSeed }: { readonly seed?: number },
): Promise<void> {
  const texts = await readTexts(path);
  const { train, test, preparation } = await openText({ path, seed });
  const files = texts.map(({ name, text }) => ({ name, bytes: Buffer.byteLength(text) }));
  const { context, pairs } = preparation;
  const tokens = 256 + pairs.length;
  const result = { kind: 'text', files, tokens, context, train: train.length, test: test.length };
  session.result(result, () => {
    const rows = files.slice(0, shown).map(({ name, bytes }) => [name, formatBytes(bytes)]);
    const others = files.length > shown ? [`and ${formatCount(files.length - shown)} more`] : [];
    return [
      renderTable([{ heading: 'file' }, { heading: 'text', ...right }], rows, session.stdout),
      ...others,
      `${formatCount(train.length)} tokens to learn from, ${formatCount(test.length)} to judge by: every tenth piece of each text; ${formatCount(tokens)} different ones${pairs.length === 0 ? ', bytes' : ', bytes and pairs of them'}; ${context} at once`,
    ].join('\n\n');
  });
}
