/** Reads journals, for the most part with checksums that are right. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../../../packages/storage/src/journal/crc32.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateJson } from '../engine/mutate-json.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';
import { readStudies, seedStudy, useFile } from './use-study.ts';

const head = '{"crc":"00000000",'.length;

/** A line with the checksum that it should have. */
function signed(line: string): string {
  if (!line.startsWith('{"crc":')) return line;
  const rest = line.slice(head);
  return `{"crc":"${crc32(Buffer.from(rest)).toString(16).padStart(8, '0')}",${rest}`;
}

/** Journal files: most mutants have right checksums. */
export const journalReader: Reader = {
  name: 'journal',
  limit: ofObjects,
  seeds: async (folder) => {
    const file = join(folder, 'seed.jsonl');
    await seedStudy(`journal:${file}`, 'seed');
    return [readFileSync(file)];
  },
  mutate: (input, random) => {
    if (random.chance(0.3)) return mutateBytes(input, random);
    const lines = Buffer.from(input).toString().split('\n');
    const at = random.below(lines.length - 1);
    const line = lines[at] ?? '';
    const rest = line.startsWith('{"crc"') ? `{${line.slice(head)}` : line;
    const changed = Buffer.from(mutateJson(Buffer.from(rest), random)).toString();
    lines[at] = line === rest ? changed : `{"crc":"00000000",${changed.slice(1)}`;
    if (random.chance(0.1)) lines.splice(random.below(lines.length), 1);
    if (random.chance(0.1)) lines.splice(random.below(lines.length), 0, random.pick(lines));
    return Buffer.from(lines.join('\n'));
  },
  mend: (input) => Buffer.from(Buffer.from(input).toString().split('\n').map(signed).join('\n')),
  read: async (input, folder) => {
    const file = join(folder, 'study.jsonl');
    writeFileSync(file, input);
    await readStudies(`journal:${file}`);
  },
  use: (_input, folder) => useFile(`journal:${join(folder, 'study.jsonl')}`),
};
