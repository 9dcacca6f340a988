import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, openStorage, openStudy, StorageError, StudyError } from '@espalier/search';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sumOf } from '../../src/sql/checksum.ts';
import { findSqlite, type OpenSqlite } from '../../src/sqlite/driver.ts';
import { essence, runSample, sampleStudy } from '../helpers/sample-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
let open: OpenSqlite;
beforeAll(async () => {
  open = await findSqlite('sqlite:');
});

let files = 0;

/** A study in a file, on which something else was done since. */
async function changed(...statements: readonly string[]): Promise<string> {
  const path = join(folder(), `${(files += 1)}.db`);
  const study = await sampleStudy(`sqlite:${path}`);
  await runSample(study, 3);
  await study.enqueue({ n: 4, kind: { type: 'b' } });
  await study.close();
  const database = open(path);
  for (const sql of statements) database.exec(sql);
  database.close();
  return `sqlite:${path}`;
}

const flip = (column: string): string => `${column} = replace(${column}, '"n":', '"m":')`;
const bad = "CAST(x'7b22ff7d' AS TEXT)";

describe('a row that is not as it was written is a FormatError that names the study and the trial', () => {
  it.each([
    [
      'a flipped bit in events',
      `UPDATE espalier_write SET ${flip('events')} WHERE revision = 2`,
      "'s' at revision 2, trial 0",
    ],
    [
      'bytes that are no UTF-8 in events',
      `UPDATE espalier_write SET events = ${bad} WHERE revision = 2`,
      "'s' at revision 2",
    ],
    [
      'a record of another study',
      `UPDATE espalier_study SET record = replace(record, '"seed":4', '"seed":5')`,
      "record of study 's'",
    ],
    ['a record that is no UTF-8', `UPDATE espalier_study SET record = ${bad}`, "record of study 's'"],
    [
      'a log without its end',
      'DELETE FROM espalier_write WHERE revision > 5',
      "the log of study 's' ends at revision 5",
    ],
    ['a log without anything', 'DELETE FROM espalier_write', "the log of study 's' ends at revision 0"],
    [
      'a log that is longer than its study knows',
      'UPDATE espalier_study SET revision = 3',
      "the log of study 's' ends at",
    ],
    [
      'a log without anything, of a study that says so',
      'DELETE FROM espalier_write; UPDATE espalier_study SET revision = 0',
      "the log of study 's' tells of 0 trials",
    ],
    [
      'a log without its end, of a study that says so',
      'DELETE FROM espalier_write WHERE revision > 5; UPDATE espalier_study SET revision = 5',
      "the log of study 's' tells of",
    ],
    [
      'a study that says it has no trial',
      'DELETE FROM espalier_write; UPDATE espalier_study SET revision = 0, next_number = 0',
      "study 's' has rows of 4 trials, and its own says 0",
    ],
    ['a trial without its row', 'DELETE FROM espalier_trial WHERE number = 3', "study 's' has rows of 3 trials"],
    ['trials without their study', 'DELETE FROM espalier_study', 'it has lost a study whose trials it holds'],
    ['a revision that is text', `UPDATE espalier_write SET revision = ${bad} WHERE revision = 2`, "study 's'"],
  ])('when the study is opened: %s', async (_, sql, named) => {
    const storage = await changed(sql);
    await expect(openStudy({ storage })).rejects.toThrow(named);
    await expect(openStudy({ storage })).rejects.toThrow(FormatError);
  });

  it.each([
    ['a flipped bit in a config', `UPDATE espalier_trial SET ${flip('config')} WHERE number = 3`],
    ['a config that is no UTF-8', `UPDATE espalier_trial SET config = ${bad} WHERE number = 3`],
    ['another attempt', 'UPDATE espalier_trial SET attempt = attempt + 8 WHERE number = 3'],
    ['an attempt that is text', `UPDATE espalier_trial SET attempt = ${bad} WHERE number = 3`],
  ])('when the trial is claimed: %s', async (_, sql) => {
    const study = await openStudy({ storage: await changed(sql) });
    await expect(study.ask()).rejects.toThrow("study 's', trial 3 cannot be read");
    await expect(study.ask()).rejects.toThrow(FormatError);
    await study.close();
  });

  it('a bit flipped anywhere in the file: what is read then is what was written, or nothing', async () => {
    const url = await changed();
    const path = url.slice('sqlite:'.length);
    const whole = readFileSync(path);
    const copy = join(folder(), 'flipped.db');
    const read = async (): Promise<string> => {
      const study = await openStudy({ storage: `sqlite:${copy}?mode=ro` });
      const { trials } = study;
      await study.close();
      return JSON.stringify(essence(trials));
    };
    writeFileSync(copy, whole);
    const before = await read();
    const bit = fc.integer({ min: 0, max: 8 * whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(bit, async (at) => {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
        writeFileSync(copy, bytes);
        const after = await read().catch((error: unknown) => error);
        if (after instanceof FormatError || after instanceof StorageError || after instanceof StudyError) return;
        expect(after).toBe(before);
      }),
    );
  });

  it('trials without their study: no other is made in its place, which would inherit them', async () => {
    const storage = await changed('DELETE FROM espalier_study');
    await expect(sampleStudy(storage)).rejects.toThrow(FormatError);
    const opened = await openStorage(storage);
    await expect(opened.listStudies()).rejects.toThrow(FormatError);
    await opened.close();
  });

  it('a name that is no UTF-8', async () => {
    const storage = await changed(`UPDATE espalier_study SET name = ${bad}`);
    await expect(openStudy({ storage })).rejects.toThrow(
      'study 1 of it cannot be read: its name holds bytes that are no',
    );
  });

  it('rows with right checksums and wrong shapes', async () => {
    const events = '[{"type":"claim","number":2000000000,"attempt":1,"at":0,"worker":"w"}]';
    const far = await changed(
      `UPDATE espalier_write SET events = '${events}', checksum = ${sumOf(1, events)} WHERE revision = 1`,
    );
    await expect(openStudy({ storage: far })).rejects.toThrow("study 's', trial 2000000000, cannot be");
    const none = '[{"type":"constructor"}]';
    const alien = await changed(
      `UPDATE espalier_write SET events = '${none}', checksum = ${sumOf(1, none)} WHERE revision = 1`,
    );
    await expect(openStudy({ storage: alien })).rejects.toThrow('[0].type is "constructor"');
  });
});

it('rows from before there were checksums are read, and new ones have them', async () => {
  const path = join(folder(), 'older.db');
  const older = open(path);
  older.exec(readFileSync(new URL('../golden/schema-1.sqlite.sql', import.meta.url), 'utf8'));
  const [{ count } = {}] = older.prepare('SELECT count(*) AS count FROM espalier_write').all();
  older.close();
  const study = await openStudy({ storage: `sqlite:${path}` });
  await runSample(study, 5);
  await study.close();
  const database = open(path);
  const rows = database.prepare('SELECT checksum IS NULL AS old FROM espalier_write ORDER BY revision').all();
  database.close();
  expect(rows.filter(({ old }) => old === 1)).toHaveLength(Number(count));
  expect(rows.slice(Number(count)).every(({ old }) => old === 0)).toBe(true);
  expect(rows.length).toBeGreaterThan(Number(count));
});
