/** A model without some of its layers. */
import { aModelInParts, layersOf, withLayers, type ModelInParts, type TensorSource } from '@espalier/models';
import type { ModuleConfig } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { aNumber, check, listOf } from '@espalier/tensor/arguments';

/**
 * The same model without some layers, counted from 0, whose tensors are read where they were; those behind them move up. Whatever is
 * done with models in parts is done with it.
 * @throws {ArgumentError} for a number that no layer has, and where none would be left.
 */
export function withoutLayers(model: ModelInParts, dropped: readonly number[]): ModelInParts {
  const layers = layersOf(check('withoutLayers', 'the model', model, aModelInParts));
  check('withoutLayers', 'the layers', dropped, listOf(aNumber));
  const wrong = dropped.find((layer) => !(Number.isInteger(layer) && layer >= 0 && layer < layers.length));
  if (wrong !== undefined)
    throw new ArgumentError('withoutLayers', `there is no layer ${wrong}; there are ${layers.length}, from 0 on`);
  const gone = new Set(dropped);
  const kept = [...layers.keys()].filter((layer) => !gone.has(layer));
  if (kept.length === 0) throw new ArgumentError('withoutLayers', 'all layers would be gone; leave one');
  const left = kept.map((layer) => layers[layer] as ModuleConfig);
  return {
    ...withLayers(model, left),
    dropped: [...gone].toSorted((a, b) => a - b),
    tensors: moved(model.tensors, kept),
  };
}

/** Tensors of layers under the numbers that those have among the ones that are kept. */
function moved(source: TensorSource, kept: readonly number[]): TensorSource {
  const places = new Map(kept.map((layer, at) => [String(layer), String(at)]));
  const was = new Map<string, string>();
  for (const name of source.tensors.keys()) {
    const [, layer, rest] = /^layers\.(\d+)(\..*)$/u.exec(name) ?? [];
    if (layer === undefined) was.set(name, name);
    else if (places.has(layer)) was.set(`layers.${places.get(layer)}${rest}`, name);
  }
  return {
    ...source,
    tensors: new Map([...was].map(([name, before]) => [name, source.tensors.get(before) as never])),
    read: (name, ...more) => source.read(was.get(name) ?? name, ...more),
  };
}
