/** How good models are on more data of the kind that they were made of: tables, pictures, texts. */
import { existsSync } from 'node:fs';
import type { Json } from '@espalier/nn';
import type { Assessed, Judgement } from '@espalier/pipeline';
import type { ComputeOptions } from '../cli/options.ts';
import type { Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { judgedTable } from '../report/table-judged.ts';
import { formatCount } from '../terminal/format.ts';

/** How the intervals of figures are made: as the job does it. */
const howSure =
  "intervals: 95 %, of accuracy Wilson's, of all else from examples drawn anew with replacement (bootstrap, percentiles)";

/** Baselines of several models, each once. */
function together(all: readonly Assessed[]): readonly Judgement[] {
  const texts = new Map(all.flatMap(({ baselines }) => baselines.map((each) => [JSON.stringify(each), each])));
  return [...texts.values()];
}

/** What models are judged by. */
interface AssessOptions extends ComputeOptions {
  readonly data: string;
  /** What the models are called, where they lie elsewhere for the time. */
  readonly called?: readonly string[];
  /** How data becomes examples of a model that says nothing of it. */
  readonly preparation?: Json;
}

/**
 * Judges models by data of the kind that they were made of, as that was prepared.
 * @throws {UsageError} when the data is not there.
 */
export async function assess(
  session: Session,
  folders: readonly string[],
  { data: path, device = 'auto', called = folders, preparation }: AssessOptions,
): Promise<void> {
  if (!existsSync(path))
    throw new UsageError(
      `${path}: there is no such file or folder: give --data of the kind that the model was made of`,
    );
  const found = await withWorkers(
    session,
    device,
    async (runner) => {
      const all: Assessed[] = [];
      for (const from of folders)
        all.push(await runner.run('assess', { from, path, ...(preparation !== undefined && { preparation }) }));
      return all;
    },
    folders,
  );
  const named = found.map(({ judgement, ...rest }, index) => ({
    judgement: { ...judgement, name: called[index] ?? '' },
    ...rest,
  }));
  const [first] = named;
  const told =
    folders.length === 1
      ? { folder: called[0], data: path, ...first }
      : { data: path, models: named.map((assessed, index) => ({ folder: called[index], ...assessed })) };
  session.result(told, () => {
    const table = judgedTable([...named.map(({ judgement }) => judgement), ...together(named)], session.stdout);
    return `${table}\n\njudged by ${formatCount(first?.examples ?? 0)} examples; ${howSure}`;
  });
}
