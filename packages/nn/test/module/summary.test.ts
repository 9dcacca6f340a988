import {
  build,
  Embedding,
  Linear,
  Module,
  Sequential,
  summary,
  type CallContext,
  type ModuleConfig,
} from '@espalier/nn';
import {
  createReferenceDevice,
  csr,
  encodeMatrix,
  LifetimeError,
  memory,
  ones,
  ShapeError,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

/** Attention over the rows of an example: two layers, and two products of its own. */
class Attention extends Module {
  readonly type = 'test-attention';
  readonly queries = this.addModule('queries', new Linear({ in: 4, out: 2 }));
  readonly keys = this.addModule('keys', new Linear({ in: 4, out: 2 }));
  readonly shift = this.addParameter('shift', ones([4]));

  forward(x: Tensor, context?: CallContext): Tensor {
    const [q, k] = [this.queries.call(x, context), this.keys.call(x, context)];
    return q.matmul(k.transpose(-1, -2)).softmax().matmul(x).add(this.shift.value);
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

describe('summary', () => {
  test('counts what a container computes and holds besides its layers', () => {
    const model = new Sequential([new Attention(), new Linear({ in: 4, out: 1 })]);
    const { rows, macs, parameters, outputShape } = summary(model, [5, 4]);
    expect(rows.map(({ name, macs: own, parameters: held }) => [name, own, held])).toEqual([
      ['0.queries', 5 * 4 * 2, 10],
      ['0.keys', 5 * 4 * 2, 10],
      ['0', 5 * 2 * 5 + 5 * 5 * 4, 4],
      ['1', 5 * 4, 5],
    ]);
    expect([macs, parameters, outputShape]).toEqual([80 + 150 + 20, 29, [5, 1]]);
  });

  test('computes nothing, and leaves the model as it is, whatever mode its parts are in', () => {
    const device = createReferenceDevice('summary');
    const layers = [{ type: 'linear', in: 64, out: 64 }, { type: 'batch-norm', features: 64 }, { type: 'dropout' }];
    const model = build({ type: 'sequential', layers }, { device, seed: 1 });
    model.train();
    const [frozen] = model.children().values();
    frozen?.setTraining(false);
    for (const each of model.rawTensors().values()) each.realizeSync();
    const [before, values] = [memory(device), model.state()];
    const generators = [...model.namedGenerators().values()].map((generator) => generator.state());
    expect(summary(model, [64]).macs).toBe(64 * 64);
    expect(memory(device)).toEqual(before);
    expect([...model.namedModules().values()].map(({ training }) => training)).toEqual([true, false, true, true]);
    expect([...model.namedGenerators().values()].map((generator) => generator.state())).toEqual(generators);
    for (const [name, value] of model.state()) expect(value.arraySync()).toEqual(values.get(name)?.arraySync());
  });

  test('gives a model the numbers it takes: those of its parameters, or indices', () => {
    const words = new Sequential([new Embedding({ count: 5, size: 3 }), new Linear({ in: 3, out: 2 })]);
    expect(summary(words, [7]).outputShape).toEqual([7, 2]);
    expect(() => summary(words, [7], { dtype: 'f32' })).toThrow(/indices are f32/);
    const half = build({ type: 'linear', in: 2, out: 3 }, { dtype: 'f16' });
    expect(summary(half, [2]).macs).toBe(6);
    expect(summary(half, [2], { dtype: 'f32' }).macs).toBe(6);
  });

  test('counts nominal operations of weights in a format', async () => {
    const model = build({ type: 'linear', in: 8, out: 6 });
    const [weight] = model.parameters();
    const matrix = await encodeMatrix(weight?.tensor.mul(0) as Tensor, csr);
    weight?.store({ matrix, shape: [6, 8] } as never);
    expect(summary(model, [8]).macs).toBe(48);
  });

  test('says where an example does not fit, and that there is nothing to read', () => {
    const model = build({ type: 'sequential', layers: [{ type: 'relu' }, { type: 'linear', in: 3, out: 2 }] });
    expect(() => summary(model, [4])).toThrow(ShapeError);
    expect(() => summary(model, [4])).toThrow(/linear: takes \[\.\.\., 3\], not \[1, 4\]; set in to 4/);
    const reading = new (class extends Attention {
      override forward(x: Tensor): Tensor {
        return x.mul(x.sum().itemSync());
      }
    })();
    expect(() => summary(reading, [4])).toThrow(LifetimeError);
  });

  test('is what a visit of a part reports, under the name it is given', () => {
    const seen: string[] = [];
    const shape = new Attention().visit([5, 4], ({ name, macs }) => seen.push(`${name} ${macs}`), 'block.3');
    expect(shape).toEqual([5, 4]);
    expect(seen).toEqual(['block.3.queries 40', 'block.3.keys 40', 'block.3 150']);
  });
});
