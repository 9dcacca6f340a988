// Opens databases one after the other, as other processes do at the same time: `open-many-process.ts FOLDER COUNT`. Waits for a
// line before, and prints what failed.
import { once } from 'node:events';
import { join } from 'node:path';
import { sqliteStorage } from '@espalier/storage';

const [folder = '', count = '0'] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (let index = 0; index < Number(count); index += 1) {
  try {
    const storage = await sqliteStorage(join(folder, `${index}.db`));
    await storage.listStudies();
    await storage.close();
  } catch (error) {
    process.stdout.write(`${String(error)}\n`);
  }
}
process.stdout.write('done\n');
process.exit();
