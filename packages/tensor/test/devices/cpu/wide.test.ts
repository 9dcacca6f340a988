// Vectors of 256 bits: asked for by a variable, taken only if they are right and faster, and said.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { flawOf, millisecondsOf } from '../../../src/devices/cpu/wide/self-test.ts';
import { createCpuDevice } from '../../../src/index.ts';

/** What a process says of its device, and what it writes to stderr. */
function described(environment: Readonly<Record<string, string>>): readonly string[] {
  const source = fileURLToPath(new URL('../../../src/index.ts', import.meta.url));
  const text = `
    import { configure, createCpuDevice } from ${JSON.stringify(source)};
    configure({ warn: (line) => console.log(line) });
    console.log(createCpuDevice({ threads: 1 }).description);
    createCpuDevice({ name: 'cpu:again' });
  `;
  const words = ['--conditions=@espalier/source', '--import', 'tsx', '--input-type=module', '--eval', text];
  const env = { ...process.env, ...environment };
  return execFileSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000, env }).trim().split('\n');
}

describe('vectors of 256 bits', () => {
  test('are not spoken of unless they are asked for', () => {
    expect(described({ ESPALIER_REVECTORIZE: '' })).toEqual(['WebAssembly SIMD, one thread, shared memory']);
  });

  test('are used or refused with the reason, in one line', () => {
    const lines = described({ ESPALIER_REVECTORIZE: '1' });
    expect(lines).toHaveLength(2);
    const [said, description] = lines;
    const isWide = description?.startsWith('WebAssembly SIMD of 256 bits, one thread') === true;
    expect(said).toMatch(
      isWide
        ? /^cpu: vectors of 256 bits, by V8's revectorizer, .* passed a test$/u
        : /^cpu: vectors of 128 bits, although ESPALIER_REVECTORIZE=1 asks for more: (this engine has no such thing|a product takes|kernel)/u,
    );
    if (Number.parseFloat(process.versions.v8) < 12.4) expect(isWide).toBe(false);
  });

  test('are refused where a kernel is wrong', () => {
    const device = createCpuDevice({ name: 'cpu:right' });
    expect(flawOf(device)).toBeUndefined();
    expect(millisecondsOf(device)).toBeGreaterThan(0);
    let reads = 0;
    const readSync: typeof device.readSync = (...words) => {
      const bytes = device.readSync(...words);
      reads += 1;
      if (reads === 7) bytes[4 * 100 + 3] = (bytes[4 * 100 + 3] as number) ^ 0x80;
      return bytes;
    };
    const wrong = new Proxy(device, {
      get: (target, name) => {
        if (name === 'readSync') return readSync;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    expect(flawOf(wrong)).toBe('kernel 6 of its test, a loop, is wrong at element 100');
    device.dispose();
  });
});
