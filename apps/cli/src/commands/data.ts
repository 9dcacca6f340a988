/** `espalier data`: what would be read of a file or a folder, before anything is learnt of it. */
import type { Command } from 'commander';
import { wholeNumberFrom, withCommonOptions, withExamples } from '../cli/options.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { kindOf, type KindOptions } from './kinds.ts';
import { withTableOptions } from './table-options.ts';

/** What may be told of data. */
interface DataOptions extends CommonOptions, KindOptions {}

/** Adds `espalier data`. */
export function addDataCommand(program: Command, environment: Environment): void {
  const command = program
    .command('data')
    .description(
      'show what would be read of a table or a folder of pictures: columns, classes, what is missing, the split',
    )
    .argument('<path>', 'a .csv, .tsv, .jsonl, .parquet, .arrow or .feather file, or a folder of pictures by class')
    .option('--size <n>', 'pixels of a side that pictures are made to have', wholeNumberFrom(1))
    .option('--seed <n>', 'of the split, as it is that of espalier run', wholeNumberFrom(0));
  withExamples(withCommonOptions(withTableOptions(command, 'the column that is to be learnt')), [
    ['espalier data houses.csv --target price', 'columns, their use, the split'],
    ['espalier data houses.csv --target price --column zip=category --column note=ignore', 'what columns are'],
    ['espalier data flowers', 'pictures by class'],
    ['espalier data houses.csv --json', 'the same for a script'],
  ]).action(async (path: string, options: DataOptions) => {
    const session = openSession(environment, options);
    await kindOf(path, options).show(session, path, options);
  });
}
