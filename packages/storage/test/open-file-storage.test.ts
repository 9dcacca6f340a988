import { openStorage } from '@espalier/search';
import { expect, it } from 'vitest';

it.each([
  ['redis:x', "its kind 'redis:' is unknown: use one of memory:, journal:path"],
  ['journal:', 'it names no file: write journal:path'],
])('%s is refused', async (url, message) => {
  await expect(openStorage(url)).rejects.toThrow(message);
});
