import { shownUrl, withoutSecrets } from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('a URL is shown without its password', () => {
  test.each([
    ['postgres://user:secret@host/db', 'postgres://user@host/db'],
    ['postgresql://user:se%40cret@host:5432/db', 'postgresql://user@host:5432/db'],
    ['postgres://host/db?user=me&password=secret', 'postgres://host/db?user=me'],
    ['postgres://host/db?sslpassword=secret&sslmode=require', 'postgres://host/db?sslmode=require'],
    ['postgres://host/db?pass%77ord=secret', 'postgres://host/db'],
    ['postgres://user:a@b/c?d#e:f@host/db?sslmode=require', 'postgres://user@host/db?sslmode=require'],
    ['postgres://user:secret@[::1]:5432/db', 'postgres://user@[::1]:5432/db'],
    ['postgres:user:secret@host/db', 'postgres:user@host/db'],
    ['POSTGRES://user:secret@host/db', 'POSTGRES://user@host/db'],
    ['postgres://user@host/db?application_name=me%40work', 'postgres://user@host/db?application_name=me%40work'],
    ['postgres://host/db', 'postgres://host/db'],
    ['sqlite:runs/a@b:c.db?mode=ro', 'sqlite:runs/a@b:c.db?mode=ro'],
    ['memory:', 'memory:'],
  ])('%s as %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
    expect(shownUrl(shown)).toBe(shown);
  });

  test('whatever stands in the password, encoded or not', () => {
    const mark = 'S3CRET';
    const secret = fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => `${mark}${text}`);
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,7}$/u);
    fc.assert(
      fc.property(secret, name, name, name, fc.boolean(), (password, user, host, database, encoded) => {
        const written = encoded ? encodeURIComponent(password) : password;
        expect(shownUrl(`postgres://${user}:${written}@${host}/${database}`)).not.toContain(mark);
        const parameter = encodeURIComponent(password);
        const url = `postgres://${host}/${database}?user=${user}&password=${parameter}&sslpassword=${parameter}`;
        expect(shownUrl(url)).toBe(`postgres://${host}/${database}?user=${user}`);
      }),
    );
  });

  test('in the middle of a text, too', () => {
    expect(withoutSecrets("cannot reach 'postgres://me:pw@host/db', nor postgresql://host/db?password=pw today")).toBe(
      "cannot reach 'postgres://me@host/db', nor postgresql://host/db today",
    );
    expect(withoutSecrets('nothing to hide: a:b@c')).toBe('nothing to hide: a:b@c');
  });
});
