/** Reads URLs of storages. */
import { resolve, sep } from 'node:path';
import { openStorage } from '@espalier/search';
import { openPostgres } from '../../../packages/storage/src/postgres/postgres-storage.ts';
import type { Reader } from '../engine/reader.ts';

/** A server that refuses whoever comes: what is read here is the URL. */
const refusal = Object.assign(new Error('nobody is let in'), { severity: 'FATAL', code: '28P01' });

/** URLs of storages; those of files stay within their folder, and no server is asked. */
export const storageUrlReader: Reader = {
  name: 'storage-url',
  seeds: async () =>
    [
      'memory:',
      'journal:study.jsonl',
      'sqlite:study.db',
      'postgres://user:secret@localhost:5432/studies?sslmode=disable&password=secret',
      'postgresql:///studies?host=/var/run/postgresql',
    ].map((url) => Buffer.from(url)),
  mutate: 'text',
  words: [
    '?mode=ro',
    '?mode=rw',
    'sqlite:',
    'journal:',
    'postgres://',
    '@',
    ':',
    '%',
    '%zz',
    '#',
    '?',
    '&',
    '=',
    '[::1]',
  ],
  read: async (input, folder) => {
    const url = Buffer.from(input).toString();
    if (/^postgres(?:ql)?:/u.test(url)) {
      const wrap = (): never => {
        throw refusal;
      };
      await openPostgres(url, { wrap }).catch((error: unknown) => {
        if (error !== refusal) throw error;
      });
      return;
    }
    const [, path] = /^(?:journal|sqlite):(.*)$/su.exec(url) ?? [];
    if (path !== undefined && !resolve(folder, path).startsWith(`${folder}${sep}`)) return;
    const before = process.cwd();
    process.chdir(folder);
    try {
      const storage = await openStorage(url);
      await storage.listStudies();
      await storage.close();
    } finally {
      process.chdir(before);
    }
  },
};
