/** What comes into the first layer of a model. */
import { openPart, readTensor } from '@espalier/models';
import type { Module } from '@espalier/nn';
import { ArgumentError, fromTyped, noGrad, zeros, type Tensor } from '@espalier/tensor';
import type { LayerWork } from './layer.ts';
import type { Piece } from './pieces.ts';
import { rowsOf } from './sources.ts';
import type { StateStore } from './states.ts';

/** What stands before the layers, by what it makes of the states so far. */
const stages: Readonly<Record<string, (module: Module, states: Tensor) => Tensor>> = {
  positions: (module, states) => module.call(states),
  // All tokens are of the first kind.
  types: (module, states) => states.add(module.call(zeros([1], { dtype: 'i32', device: states.device }))),
  norm: (module, states) => module.call(states),
};

/**
 * Keeps what the tokens of each piece are when they come into the first layer.
 * @throws {ArgumentError} for a model with something else before its layers, and for an id that it does not have.
 */
export async function embed(
  { model, device }: Pick<LayerWork, 'model' | 'device'>,
  pieces: readonly Piece[],
  states: StateStore,
): Promise<void> {
  const before = model.places.slice(0, model.places.indexOf('layers.0'));
  if (before.some((place) => place !== 'embedding' && !Object.hasOwn(stages, place)))
    throw new ArgumentError(
      'compressModel',
      `models of ${model.description.family} are not calibrated yet; give a method without texts: rtn, hqq or magnitude`,
    );
  // Of a table of half the model only the rows that the texts need are read.
  const rows = [...new Set(pieces.flatMap(({ sequences }) => sequences.flat()))].toSorted((x, y) => x - y);
  const placeOf = new Map(rows.map((row, at) => [row, at]));
  const name = 'embedding.weight';
  const table = await readTensor(rowsOf(model.tensors, name, rows), name, { device });
  const modules: (readonly [string, Module])[] = [];
  for (const place of before)
    if (place !== 'embedding') modules.push([place, await openPart(model, place, { device })]);
  for (const [index, { sequences, length }] of pieces.entries()) {
    const places = Int32Array.from(sequences.flat(), (id) => placeOf.get(id) as number);
    const x = fromTyped(places, [sequences.length, length], { device });
    const y = noGrad(() =>
      modules.reduce(
        (given, [place, module]) => (stages[place] as (typeof stages)[string])(module, given),
        table.take(x, 0),
      ),
    );
    await states.write(index, Float32Array.from((await y.data()) as Float32Array));
    x.dispose();
    y.dispose();
  }
  table.dispose();
  for (const [, module] of modules) module.dispose();
}
