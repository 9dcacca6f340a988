/** A trained tensor of a module, and the views through which the module sees it. */
import {
  ArgumentError,
  chooseKernel,
  denseToKeep,
  dtypes,
  keep,
  noGrad,
  ShapeError,
  sizeOf,
  type Device,
  type DType,
  type EncodedMatrix,
  type ProductUse,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import { anObject, aTensor, aWholeTensor, check, ruleOf, showShape, type Rule } from '@espalier/tensor/arguments';
import type { InputView } from './input-view.ts';
import type { StoredWeight } from './stored-weight.ts';
import { throughView } from './through-view.ts';

/**
 * What a view shows, in numbers, for those who write models in other formats: codes of so many bits, (code - zero) · scale, with one
 * scale for all, for each index of the first axis, or for each group of what belongs to one; the last group of each may have less.
 */
export interface ViewMeaning {
  readonly does: 'codes';
  readonly bits: number;
  readonly scales: Float32Array;
  /** Absent where the number 0 has the code 0. */
  readonly zeros?: Int8Array | undefined;
  readonly group?: number | undefined;
}

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
  /** What it shows, if that can be said in numbers. */
  readonly meaning?: ViewMeaning;
}

/** What parameters that are tied have in common. A weight is dense, or stored in a format until somebody wants it dense. */
interface Weight {
  tensor: Tensor | undefined;
  stored: StoredWeight | undefined;
  /** What `stored` stands for, kept where products are faster with it. */
  kept: Tensor | undefined;
  /** Whether there is memory for that. */
  mayKeepDense: boolean;
  /** What was chosen for the use asked for last. */
  choice: (ProductUse & { readonly dense: boolean }) | undefined;
  readonly shape: Shape;
  readonly views: ParameterView[];
  readonly inputs: InputView[];
  trainable: boolean;
}

/** Whether initial values are about to be overwritten. */
let isOverwritten = false;

/**
 * Makes a model whose parameters get other values at once: initial ones are computed only if somebody reads them, and take no
 * memory.
 */
export function toBeOverwritten<Made>(make: () => Made): Made {
  const before = isOverwritten;
  isOverwritten = true;
  try {
    return make();
  } finally {
    isOverwritten = before;
  }
}

/**
 * A named, trained tensor, or, in a compressed model, a matrix in a format that takes its place. Parameters that are tied are
 * one: they have the same weight, views and `trainable`.
 */
export class Parameter {
  #weight: Weight;

  constructor(tensor: Tensor) {
    check('Parameter', 'tensor', tensor, aTensor);
    check('Parameter', 'tensor', tensor, aWholeTensor);
    const leaf = tensor.requiresGradients();
    if (!isOverwritten) leaf.realizeSync();
    this.#weight = {
      tensor: leaf,
      stored: undefined,
      kept: undefined,
      mayKeepDense: false,
      choice: undefined,
      shape: leaf.shape,
      views: [],
      inputs: [],
      trainable: true,
    };
  }

  /**
   * The raw value, a leaf that gradients are taken for. Optimizers assign to it; saving writes it. A stored weight becomes
   * dense by being asked for it, in the memory that a dense one takes, and stays so.
   */
  get tensor(): Tensor {
    return this.#weight.tensor ?? this.#makeDense(this.#weight.stored as StoredWeight);
  }

  /**
   * Applied in order whenever the module reads `value`. Adding or removing one takes effect in steps compiled afterwards. A
   * stored weight becomes dense, as by `tensor`.
   */
  get views(): ParameterView[] {
    if (this.#weight.stored) this.#makeDense(this.#weight.stored);
    return this.#weight.views;
  }

  /**
   * Applied in order to what the weight is multiplied with, by the layers that do. They stay whether it is stored or dense.
   * Adding or removing one takes effect in steps compiled afterwards.
   */
  get inputs(): InputView[] {
    return this.#weight.inputs;
  }

  /** The weight in its format, while it is stored. */
  get stored(): StoredWeight | undefined {
    return this.#weight.stored;
  }

  /** Its shape, whether stored or dense. */
  get shape(): Shape {
    return this.#weight.shape;
  }

  /** The dtype that it computes in. */
  get dtype(): DType {
    return this.#weight.tensor?.dtype ?? 'f32';
  }

  /** Where it is. */
  get device(): Device {
    return (this.#weight.tensor ?? (this.#weight.stored as StoredWeight).matrix).device;
  }

  /**
   * Whether a stored weight may have a dense copy beside it, for products that are faster with it. False until somebody allows
   * it: `prefer` does for a whole model, and loading one.
   */
  get mayKeepDense(): boolean {
    return this.#weight.mayKeepDense;
  }

  set mayKeepDense(on: boolean) {
    this.#weight.mayKeepDense = on;
    if (!on) this.#dropKept();
  }

  /** Bytes that it takes on its device, with the dense copy that a stored weight may have beside it. */
  get bytes(): number {
    const { tensor, stored, kept } = this.#weight;
    const dense = tensor ?? kept;
    return (stored?.matrix.bytes ?? 0) + (dense ? dense.size * dtypes[dense.dtype].bytes : 0);
  }

  /**
   * Puts a weight in a format in the place of the dense one, whose memory is given back with its views: modules compute
   * from the format. The matrix belongs to this parameter from now on, which disposes of it when the weight becomes dense.
   * @throws {ArgumentError} for what is no matrix in a format.
   * @throws {ShapeError} unless the matrix is [first axis, all other axes] of this parameter.
   */
  store(weight: StoredWeight): this {
    check('store', 'weight', weight, aStoredWeight);
    const [rows = 1, ...rest] = this.shape;
    const wanted = [rows, sizeOf(rest)];
    if (weight.matrix.shape.join() !== wanted.join())
      throw new ShapeError(
        'store',
        `a matrix ${showShape(weight.matrix.shape)} cannot stand for a parameter ${showShape(this.shape)}; it must be ${showShape(wanted)}`,
      );
    this.#weight.tensor?.dispose();
    this.#weight.tensor = undefined;
    this.#dropKept();
    this.#weight.views.length = 0;
    this.#weight.stored = weight;
    return this;
  }

  /** Gives its memory back; it cannot be used afterwards. */
  dispose(): void {
    this.#weight.tensor?.dispose();
    this.#weight.stored?.matrix.dispose();
    this.#dropKept();
  }

  #dropKept(): void {
    this.#weight.kept?.dispose();
    this.#weight.kept = undefined;
    this.#weight.choice = undefined;
  }

  #makeDense({ matrix, views }: StoredWeight): Tensor {
    const tensor = keep(noGrad(() => matrix.toDense().reshape(this.shape).realizeSync()).requiresGradients());
    this.#weight.tensor = tensor;
    this.#weight.stored = undefined;
    this.#dropKept();
    this.#weight.views.push(...(views?.(tensor, matrix) ?? []));
    // A step that was compiled with it would go on with what the weight no longer is.
    matrix.dispose();
    return tensor;
  }

  /** Whether training changes it. */
  get trainable(): boolean {
    return this.#weight.trainable;
  }

  set trainable(on: boolean) {
    this.#weight.trainable = on;
  }

  /** The same object for parameters that are tied, and for no others. */
  get identity(): object {
    return this.#weight;
  }

  /** What the module computes with, as a tensor: the raw value through all views, or the values that a format stands for. */
  get value(): Tensor {
    const { stored } = this.#weight;
    if (stored) return stored.matrix.toDense().reshape(this.shape);
    return this.views.reduce(throughView, this.tensor);
  }

  /**
   * What the module computes with, as a factor of products: a stored weight as it is stored, [first axis, all other axes];
   * else `value`.
   */
  get factor(): Tensor | EncodedMatrix {
    return this.#weight.stored?.matrix ?? this.value;
  }

  /**
   * `factor` for one kind of product: a stored weight as it is stored, or, where it `mayKeepDense` and `chooseKernel` finds the
   * dense one faster, in its own shape from a copy that is made once and kept. What is not finite then meets zeros that a sparse format leaves out.
   */
  factorFor(use: ProductUse): Tensor | EncodedMatrix {
    const { stored, choice: last } = this.#weight;
    if (!stored) return this.value;
    const { matrix } = stored;
    if (!this.#weight.mayKeepDense) return matrix;
    const isSame = last?.rows === use.rows && last.windows === use.windows;
    const choice = isSame ? last : { ...use, dense: chooseKernel(matrix, use).kernel === 'dense' };
    this.#weight.choice = choice;
    if (!choice.dense || Object.values(matrix.arrays).some(({ requiresGrad }) => requiresGrad)) return matrix;
    if (this.#weight.kept) return this.#weight.kept;
    const { dense, isComputed } = denseToKeep(matrix, this.shape);
    if (isComputed) this.#weight.kept = dense;
    return dense;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /**
   * Makes this the same weight as another from now on, as `head.weight.tie(embedding.weight)` does: its own value is
   * let go. Do it before an optimizer takes charge.
   * @throws {ShapeError} unless shapes and dtypes agree.
   * @throws {ArgumentError} if it has views, which would be lost.
   */
  tie(to: Parameter): this {
    check('tie', 'to', to, aParameter);
    if (to.#weight === this.#weight) return this;
    const [own, other] = [this.tensor, to.tensor];
    if (own.shape.join() !== other.shape.join() || own.dtype !== other.dtype)
      throw new ShapeError(
        'tie',
        `a parameter of ${own.dtype} [${own.shape.join(', ')}] cannot be one of ${other.dtype} [${other.shape.join(', ')}]`,
      );
    const seen = [...this.views, ...this.inputs];
    if (seen.length > 0)
      throw new ArgumentError(
        'tie',
        `the parameter has the views ${seen.map(({ name }) => name).join(', ')}; tie it before it gets any`,
      );
    this.#weight = to.#weight;
    return this;
  }

  /** Removes every view of a name. */
  removeViews(name: string): void {
    for (let index = this.views.length - 1; index >= 0; index--)
      if (this.views[index]?.name === name) this.views.splice(index, 1);
  }
}

const aStoredWeight = ruleOf<StoredWeight>('an object { matrix } with a matrix in a format', (value) => {
  const matrix = anObject.holds(value) ? (value as Partial<StoredWeight>).matrix : undefined;
  return anObject.holds(matrix) && typeof (matrix as Partial<EncodedMatrix>).hasKernel === 'function';
});

/** A parameter. */
export const aParameter: Rule<Parameter> = ruleOf('a parameter', (value) => value instanceof Parameter);
