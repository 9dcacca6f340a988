// Looks at a study as a user who may not write what root has made: `look-on-process.ts URL`. Prints how many trials it has, and
// what becomes of a trial that is asked for; or why it cannot be opened.
import { openStudy } from '@espalier/search';
import { findSqlite } from '../../src/sqlite/driver.ts';

const [url = ''] = process.argv.slice(2);
const nobody = 65_534;

// Loaded first: that user may not be let into this folder.
await import('@espalier/storage');
await findSqlite(url);
if (process.getuid?.() === 0) {
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
try {
  const study = await openStudy({ storage: url });
  say(`${study.trials.length} trials`);
  await study.ask().then(
    () => say('asked'),
    (error: unknown) => say(String(error)),
  );
  await study.close();
  say('closed');
} catch (error) {
  say(String(error));
}
