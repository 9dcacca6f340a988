/** How good models are on more data of the kind that they were made of: tables, pictures, texts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assessed, Judgement } from '@espalier/pipeline';
import type { ComputeOptions } from '../cli/options.ts';
import type { Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { judgedTable } from '../report/table-judged.ts';
import { formatCount } from '../terminal/format.ts';

/** Whether a model says how its data was prepared. What is wrong with its files is said by who loads them. */
export function isPrepared(folder: string): boolean {
  try {
    const config: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    return Reflect.get(Object(Reflect.get(Object(config), 'metadata')), 'preparation') !== undefined;
  } catch {
    return false;
  }
}

/** How the intervals of figures are made: as the job does it. */
const howSure =
  "intervals: 95 %, of accuracy Wilson's, of all else from examples drawn anew with replacement (bootstrap, percentiles)";

/** Baselines of several models, each once. */
function together(all: readonly Assessed[]): readonly Judgement[] {
  const texts = new Map(all.flatMap(({ baselines }) => baselines.map((each) => [JSON.stringify(each), each])));
  return [...texts.values()];
}

/**
 * Judges models by data of the kind that they were made of, as that was prepared.
 * @throws {UsageError} when the data is not there.
 */
export async function assess(
  session: Session,
  folders: readonly string[],
  { data: path, device = 'auto' }: ComputeOptions & { readonly data: string },
): Promise<void> {
  if (!existsSync(path))
    throw new UsageError(
      `${path}: there is no such file or folder: give --data of the kind that the model was made of`,
    );
  const all = await withWorkers(session, device, async (runner) => {
    const found: Assessed[] = [];
    for (const from of folders) found.push(await runner.run('assess', { from, path }));
    return found;
  });
  const [first] = all;
  const told =
    folders.length === 1
      ? { folder: folders[0], data: path, ...first }
      : { data: path, models: all.map((assessed, index) => ({ folder: folders[index], ...assessed })) };
  session.result(told, () => {
    const table = judgedTable([...all.map(({ judgement }) => judgement), ...together(all)], session.stdout);
    return `${table}\n\njudged by ${formatCount(first?.examples ?? 0)} examples; ${howSure}`;
  });
}
