// What is registered before anything was built: nothing else of this file may build, or import what does.
import { build, moduleTypes, registerActivation, registerModule } from '@espalier/nn';
import { expect, test } from 'vitest';

test('names of this package are taken before it built anything, and it builds afterwards', () => {
  const create = () => ({ settings: {}, apply: <T>(x: T): T => x });
  const linear = { type: 'linear', build: () => build({ type: 'identity' }) };
  expect(() => registerModule(linear)).toThrow(
    /^registerModule: there is another type of module of the name 'linear'/u,
  );
  expect(() => registerActivation({ type: 'conv2d', create })).toThrow(
    /^registerActivation: there is another type of module of the name 'conv2d'/u,
  );
  expect(moduleTypes()).toContain('conv2d');
  registerActivation({ type: 'test-same-again', create });
  expect(
    build({ type: 'sequential', layers: [{ type: 'linear', in: 2, out: 1 }, { type: 'test-same-again' }] }).type,
  ).toBe('sequential');
});
