// A model in parts is said in the words of its family, whatever layers it has.
import { ArgumentError } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { layersOf, openModelInParts, withLayers } from '../../src/index.ts';
import { folderOf, texts } from '../helpers/opened.ts';

describe.each(texts)('%s', (name) => {
  test('with the layers that it has it is said as it was', async () => {
    const model = await openModelInParts(await folderOf(name));
    const same = withLayers(model, layersOf(model));
    expect(same.config).toEqual(model.config);
    expect(same.places).toEqual(model.places);
    expect(same.description.model).toEqual({ ...model.description.model });
  });

  test('with others it has their places, and their number', async () => {
    const model = await openModelInParts(await folderOf(name));
    const layers = layersOf(model);
    const more = withLayers(model, [...layers, ...layers]);
    expect(more.description.model['layers']).toBe(2 * layers.length);
    expect(more.places).toHaveLength(model.places.length + layers.length);
    expect(more.places.indexOf(`layers.${2 * layers.length - 1}`)).toBe(more.places.indexOf('layers.0') + 2 * layers.length - 1); // prettier-ignore
  });
});

test('without layers, or with what are none, it is refused', async () => {
  const model = await openModelInParts(await folderOf('llama'));
  expect(() => withLayers(model, [])).toThrow('a model has one layer at least');
  for (const wrong of [null, 1, {}, [1], 'layers'])
    expect(() => withLayers(model, wrong as never)).toThrow(ArgumentError);
  for (const wrong of [null, 1, {}, [], 'model']) {
    expect(() => withLayers(wrong as never, layersOf(model))).toThrow(ArgumentError);
    expect(() => layersOf(wrong as never)).toThrow(ArgumentError);
  }
});
