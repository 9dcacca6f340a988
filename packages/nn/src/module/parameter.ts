/** A trained tensor of a module, and the views through which the module sees it. */
import { ArgumentError, ShapeError, type Tensor } from '@espalier/tensor';

/**
 * Something between a parameter and its module: a pruning mask, fake quantization. A view keeps the shape and dtype, so
 * that training, saving and loading of the parameter itself do not change. What `apply` does is recorded into compiled
 * steps; a tensor it captures (a mask) may be given new values by `assign` at any time.
 */
export interface ParameterView {
  /** What kind of view this is, for reports: `mask`, `fake-quantize`. */
  readonly name: string;
  /** The tensor the next view, and at last the module, sees. */
  readonly apply: (tensor: Tensor) => Tensor;
  /**
   * The same view for the parameter of a copied model, whose raw tensor is `like`, perhaps on another device. What a view
   * without it does cannot be copied, and such a copy is refused.
   */
  readonly copy?: (like: Tensor) => ParameterView | Promise<ParameterView>;
  /** The tensors it works with that change in training, by name. Checkpoints hold them, and a training that is resumed assigns them. */
  readonly state?: () => ReadonlyMap<string, Tensor>;
  /** What it works with that does not change, as a text: a training is resumed under views of the same names and settings only. */
  readonly settings?: string;
}

/** What parameters that are tied have in common. */
interface Weight {
  readonly tensor: Tensor;
  readonly views: ParameterView[];
  trainable: boolean;
}

/** A named, trained tensor. Parameters that are tied are one: they have the same tensor, views and `trainable`. */
export class Parameter {
  private weight: Weight;

  constructor(tensor: Tensor) {
    this.weight = { tensor: tensor.requiresGradients().realizeSync(), views: [], trainable: true };
  }

  /** The raw value, a leaf that gradients are taken for. Optimizers assign to it; saving writes it. */
  get tensor(): Tensor {
    return this.weight.tensor;
  }

  /** Applied in order whenever the module reads `value`. Adding or removing one takes effect in steps compiled afterwards. */
  get views(): ParameterView[] {
    return this.weight.views;
  }

  /** Whether training changes it. */
  get trainable(): boolean {
    return this.weight.trainable;
  }

  set trainable(on: boolean) {
    this.weight.trainable = on;
  }

  /** The same object for parameters that are tied, and for no others. */
  get identity(): object {
    return this.weight;
  }

  /** What the module computes with: the raw value through all views. */
  get value(): Tensor {
    return this.views.reduce((tensor, view) => view.apply(tensor), this.tensor);
  }

  /** Number of elements. */
  get size(): number {
    return this.tensor.size;
  }

  /**
   * Makes this the same weight as another from now on, as `head.weight.tie(embedding.weight)` does: its own value is let go.
   * Do it before an optimizer takes charge. Throws ShapeError unless shapes and dtypes agree, ArgumentError if it has views,
   * which would be lost.
   */
  tie(to: Parameter): this {
    if (to.weight === this.weight) return this;
    const [own, other] = [this.tensor, to.tensor];
    if (own.shape.join() !== other.shape.join() || own.dtype !== other.dtype)
      throw new ShapeError(
        'tie',
        `a parameter of ${own.dtype} [${own.shape.join(', ')}] cannot be one of ${other.dtype} [${other.shape.join(', ')}]`,
      );
    if (this.views.length > 0)
      throw new ArgumentError(
        'tie',
        `the parameter has the views ${this.views.map(({ name }) => name).join(', ')}; tie it before it gets any`,
      );
    this.weight = to.weight;
    return this;
  }

  /** Removes every view of a name. */
  removeViews(name: string): void {
    for (let index = this.views.length - 1; index >= 0; index--)
      if (this.views[index]?.name === name) this.views.splice(index, 1);
  }
}
