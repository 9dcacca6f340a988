/** Weights of a model in memory as they will be when they are read from a file of other types, and as they were again. */
import { decodeBlocks, encodeBlocks, readTensor, type ModelInParts } from '@espalier/models';
import type { Module, Parameter } from '@espalier/nn';
import { fromTyped, type Device, type Tensor } from '@espalier/tensor';

/** A model whose weights are changed for the time. */
export class ChangedWeights {
  readonly #model: ModelInParts;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #device: Device;
  readonly #changed = new Set<string>();

  /** @param module the model with its weights as f32 */
  constructor(model: ModelInParts, module: Module, device: Device) {
    this.#model = model;
    this.#parameters = module.namedParameters();
    this.#device = device;
  }

  /** Gives a weight the values that a type has of it; says ‖change‖² / ‖weight‖². */
  async round(own: string, type: string): Promise<number> {
    const { tensor, shape } = this.#parameters.get(own) as Parameter;
    const before = Float32Array.from((await tensor.data()) as Float32Array);
    const after = await this.#asType(before, shape, type);
    let [moved, size] = [0, 0];
    for (const [at, value] of before.entries()) {
      moved += (value - (after[at] as number)) ** 2;
      size += value ** 2;
    }
    this.#changed.add(own);
    this.#assign(own, fromTyped(after, shape, { device: this.#device }));
    return size === 0 ? 0 : moved / size;
  }

  /** Gives all weights back what the file has. */
  async restore(): Promise<void> {
    for (const own of this.#changed)
      this.#assign(own, await readTensor(this.#model.tensors, own, { device: this.#device }));
    this.#changed.clear();
  }

  async #asType(
    values: Float32Array<ArrayBuffer>,
    shape: readonly number[],
    type: string,
  ): Promise<Float32Array<ArrayBuffer>> {
    if (type === 'F32') return values;
    if (type !== 'F16' && type !== 'BF16') return decodeBlocks(type, encodeBlocks(type, values));
    const rounded = fromTyped(values, shape, { device: this.#device })
      .cast(type === 'F16' ? 'f16' : 'bf16')
      .cast('f32');
    const data = Float32Array.from((await rounded.data()) as Float32Array);
    rounded.dispose();
    return data;
  }

  #assign(own: string, value: Tensor): void {
    const { tensor, dtype } = this.#parameters.get(own) as Parameter;
    tensor.assign(value.cast(dtype));
    tensor.realizeSync();
    value.dispose();
  }
}
