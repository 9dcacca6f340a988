/** A trained tensor of a module, and the views through which the module sees it. */
import type { Tensor } from '@espalier/tensor';

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
}

/** A named, trained tensor. */
export class Parameter {
  /** The raw value, a leaf that gradients are taken for. Optimizers assign to it; saving writes it. */
  readonly tensor: Tensor;
  /** Applied in order whenever the module reads `value`. Adding or removing one takes effect in steps compiled afterwards. */
  readonly views: ParameterView[] = [];
  /** Whether training changes it. */
  trainable = true;

  constructor(tensor: Tensor) {
    this.tensor = tensor.requiresGradients().realizeSync();
  }

  /** What the module computes with: the raw value through all views. */
  get value(): Tensor {
    return this.views.reduce((tensor, view) => view.apply(tensor), this.tensor);
  }

  /** Number of elements. */
  get size(): number {
    return this.tensor.size;
  }

  /** Removes every view of a name. */
  removeViews(name: string): void {
    for (let index = this.views.length - 1; index >= 0; index--)
      if (this.views[index]?.name === name) this.views.splice(index, 1);
  }
}
