/** `espalier data`: what would be read of a file or a folder, before anything is learnt of it. */
import type { Command } from 'commander';
import { withCommonOptions, withExamples } from '../cli/options.ts';
import { openSession, type CommonOptions, type Environment } from '../cli/session.ts';
import { kindOf, type KindOptions } from './kinds.ts';

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
    .option('--target <column>', 'the column that is to be learnt');
  withExamples(withCommonOptions(command), [
    ['espalier data houses.csv --target price', 'columns, their use, the split'],
    ['espalier data flowers', 'pictures by class'],
    ['espalier data houses.csv --json', 'the same for a script'],
  ]).action(async (path: string, options: DataOptions) => {
    const session = openSession(environment, options);
    await kindOf(path, options).show(session, path, options);
  });
}
