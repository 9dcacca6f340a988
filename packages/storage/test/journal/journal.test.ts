import { appendFileSync, existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FormatError, StorageError, StorageLockedError, openStudy } from '@espalier/search';
import { journalStorage } from '@espalier/storage';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { crc32 } from '../../src/journal/crc32.ts';
import { essence, runSample, sampleStudy } from '../helpers/sample-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const file = (name: string): string => join(folder(), name);
const quick = (path: string) => journalStorage(path, { sync: 'never' });

const trials = 3;
let whole: Buffer;
let uninterrupted: readonly unknown[];

beforeAll(async () => {
  const path = join(folder(), 'whole.jsonl');
  const study = await sampleStudy(await quick(path));
  await runSample(study, trials);
  uninterrupted = essence(study.trials);
  await study.storage.close();
  whole = readFileSync(path);
});

it('is JSON lines, with a header and a checksum a line', () => {
  const [header = '', ...lines] = whole.toString().trimEnd().split('\n');
  expect(JSON.parse(header)).toEqual({ format: 'espalier-journal', version: 1 });
  expect(lines.length).toBeGreaterThan(9);
  for (const line of lines) {
    const { crc } = JSON.parse(line) as { crc: string };
    expect(crc).toBe(
      crc32(Buffer.from(line.slice('{"crc":"00000000",'.length)))
        .toString(16)
        .padStart(8, '0'),
    );
  }
});

it.each([
  ['', 0],
  ['123456789', 0xcbf43926],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
])('CRC-32 of %j', (text, answer) => {
  expect(crc32(Buffer.from(text))).toBe(answer);
});

it('cut off at any byte, it resumes and ends as the uninterrupted study does', async () => {
  const path = file('cut.jsonl');
  for (let length = 0; length <= whole.length; length += 1) {
    writeFileSync(path, whole.subarray(0, length));
    const study = await sampleStudy(await quick(path));
    await runSample(study, trials);
    const found = essence(study.trials);
    await study.storage.close();
    expect(found, `cut off after ${length} bytes`).toEqual(uninterrupted);
  }
});

it('cuts a torn line off the file, however long', async () => {
  const path = file('torn.jsonl');
  writeFileSync(path, whole);
  appendFileSync(path, `{"crc":"${'x'.repeat(10_000)}`);
  await (await quick(path)).close();
  expect(readFileSync(path)).toEqual(whole);
});

it('tells of damage before the last line, with file, line and remedy', async () => {
  const path = file('damaged.jsonl');
  const position = fc.nat(whole.length - 2);
  await fc.assert(
    fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      writeFileSync(path, bytes);
      const line = whole.subarray(0, at).toString('latin1').split('\n').length;
      const error: unknown = await quick(path).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(FormatError);
      if (error instanceof FormatError) {
        expect(error.file).toBe(path);
        expect(error.line).toBe(line);
      }
      expect(readFileSync(path)).toEqual(bytes);
      expect(existsSync(`${path}.lock`)).toBe(false);
    }),
  );
});

it('says what can be done about damage', async () => {
  const path = file('remedy.jsonl');
  const lines = whole.toString().split('\n');
  lines[4] = (lines[4] ?? '').replace('1', '2');
  writeFileSync(path, lines.join('\n'));
  await expect(quick(path)).rejects.toThrow(
    `${path}:5: the checksum does not match, so the line is damaged: restore the file from a copy, ` +
      `or keep what precedes the damage: head -n 4 '${path}' > recovered.jsonl`,
  );
  const recovered = file('recovered.jsonl');
  writeFileSync(recovered, `${lines.slice(0, 4).join('\n')}\n`);
  const study = await sampleStudy(await quick(recovered));
  await runSample(study, trials);
  expect(essence(study.trials)).toEqual(uninterrupted);
  await study.storage.close();
});

it('says of a version as large and deep as may be that it reads another', async () => {
  const path = file('deep-version.jsonl');
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  writeFileSync(path, `{"format":"espalier-journal","version":${deep}}\n`);
  await expect(quick(path)).rejects.toThrow('the journal has version [[[[…]]]] and this');
});

it('tells when lines are missing', async () => {
  const path = file('missing.jsonl');
  const lines = whole.toString().split('\n');
  writeFileSync(path, lines.toSpliced(3, 1).join('\n'));
  await expect(quick(path)).rejects.toThrow(
    `${path}:4: it tells of study 's' of revision 3 after 1, so a part is missing`,
  );
  writeFileSync(path, lines.toSpliced(1, 1).join('\n'));
  await expect(quick(path)).rejects.toThrow(`${path}:2: it tells of study 's', which it never created`);
});

it.each([
  ['a note without an end', 'dear diary'],
  ['a note', 'dear diary\n'],
  ['other JSON', '{"format":"something","version":1}\n'],
  ['a later version', '{"format":"espalier-journal","version":2}\n'],
])('leaves %s alone', async (_, text) => {
  const path = file('foreign.txt');
  writeFileSync(path, text);
  await expect(quick(path)).rejects.toThrow(FormatError);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

describe('the lock', () => {
  it('lets one writer in, and the next when it has closed', async () => {
    const path = file('locked.jsonl');
    const first = await quick(path);
    await expect(quick(path)).rejects.toThrow(StorageLockedError);
    await expect(quick(path)).rejects.toThrow(
      `storage journal:${path}: it is being written by process ${process.pid} on ${hostname()}: a journal has one writer; ` +
        `wait for it to end, look on by journal:${path}?mode=ro, or, if it no longer runs, delete ${path}.lock`,
    );
    await first.close();
    await (await quick(path)).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('of a process that is gone is removed', async () => {
    const path = file('stale.jsonl');
    // No process has this id: it is beyond the largest that systems give out.
    for (const [pid, started] of [
      [2 ** 30, '0'],
      [process.pid, '0'],
    ]) {
      writeFileSync(`${path}.lock`, JSON.stringify({ pid, host: hostname(), started }));
      await (await quick(path)).close();
    }
  });

  it('that a process left as it made it, or as it took one away, is taken over', async () => {
    const path = file('half-made.jsonl');
    const gone = JSON.stringify({ pid: 2 ** 30, host: hostname(), started: '0' });
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const text of ['', '{"pid":', gone]) {
      for (const guard of [undefined, '', gone]) {
        writeFileSync(`${path}.lock`, text);
        utimesSync(`${path}.lock`, longAgo, longAgo);
        if (guard !== undefined) {
          writeFileSync(`${path}.lock.break`, guard);
          utimesSync(`${path}.lock.break`, longAgo, longAgo);
        }
        await (await quick(path)).close();
        expect(readdirSync(folder()).filter((name) => name.startsWith('half-made'))).toEqual(['half-made.jsonl']);
      }
    }
  });

  it.runIf(process.platform === 'linux')('is respected though the clock has been set meanwhile', async () => {
    const path = file('clock.jsonl');
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 86_400_000);
    const first = await quick(path);
    clock.mockRestore();
    await expect(quick(path)).rejects.toThrow(StorageLockedError);
    await first.close();
  });

  it.each([
    [
      'of another machine',
      JSON.stringify({ pid: 2 ** 30, host: 'elsewhere', started: '0' }),
      'process 1073741824 on elsewhere',
    ],
    ['that cannot be read', '', 'a process that does not say which'],
  ])('%s is respected', async (_, text, who) => {
    const path = file('respected.jsonl');
    writeFileSync(`${path}.lock`, text);
    await expect(quick(path)).rejects.toThrow(`it is being written by ${who}`);
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe(text);
  });
});

describe('read only', () => {
  it('reads beside a writer, changes nothing and refuses to write', async () => {
    const path = file('beside.jsonl');
    const writer = await sampleStudy(await quick(path));
    await runSample(writer, 2);
    appendFileSync(path, '{"crc":"torn');
    const before = readFileSync(path);
    const storage = await journalStorage(path, { readOnly: true });
    const reader = await openStudy({ storage });
    expect(essence(reader.trials)).toEqual(essence(writer.trials));
    await expect(reader.ask()).rejects.toThrow('it was opened to read only: open it without ?mode=ro to write');
    expect(readFileSync(path)).toEqual(before);
    await writer.storage.close();
  });

  it('needs a file', async () => {
    await expect(journalStorage(file('absent.jsonl'), { readOnly: true })).rejects.toThrow(StorageError);
  });
});

it('holds several studies, in folders it makes', async () => {
  const path = file('a/new/folder/two.jsonl');
  const storage = await quick(path);
  const record = await (await quick(file('whole.jsonl'))).readStudy('s');
  if (record !== undefined) for (const name of ['one', 'two']) await storage.createStudy({ ...record, name });
  await storage.claim('two', { worker: 'w', at: 0 });
  await storage.close();
  await expect(storage.claim('two', { worker: 'w', at: 0 })).rejects.toThrow('it was closed: open it again');
  const again = await quick(path);
  expect(await again.listStudies()).toEqual(['one', 'two']);
  expect((await again.read('two', 0)).map(({ event }) => event.type)).toEqual(['claim', 'release']);
  await again.close();
});
