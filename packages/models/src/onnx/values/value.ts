/** What goes along the edges of a graph: tensors, on the host or on a device, sequences of them, and nothing. */
import { dtypes, fromBytes, tensor as makeTensor, type Device, type Shape, type Tensor } from '@espalier/tensor';
import { OnnxError } from '../errors.ts';
import { elementTypes, type ElementType } from './element-types.ts';
import { HostArray } from './host-array.ts';

/** A value that there may be, and is not. */
export interface Nothing {
  readonly kind: 'nothing';
}

/** Several values in order. */
export interface SequenceValue {
  readonly kind: 'sequence';
  readonly items: readonly Value[];
}

/** What goes along an edge. */
export type Value = OnnxTensor | SequenceValue | Nothing;

/** A value that there is not. */
export const nothing: Nothing = { kind: 'nothing' };

/** A sequence. */
export function sequenceOf(items: readonly Value[]): SequenceValue {
  return { kind: 'sequence', items };
}

/** One of the forms that the elements of a tensor are there in. */
type Form =
  | { readonly numbers: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly bytes: Uint8Array }
  | { readonly tensor: Tensor };

/**
 * A tensor of a graph: a type of ONNX, a shape, and elements, which are numbers on the host where they are few and known (shapes,
 * indices), bytes of a file that no device has seen yet, or a tensor of the engine.
 */
export class OnnxTensor {
  readonly kind = 'tensor';
  readonly type: ElementType;
  readonly shape: Shape;
  #numbers: readonly number[] | undefined;
  readonly #texts: readonly string[] | undefined;
  #bytes: Uint8Array | undefined;
  #tensor: Tensor | undefined;

  constructor(type: ElementType, shape: Shape, form: Form) {
    this.type = type;
    this.shape = shape;
    this.#numbers = 'numbers' in form ? form.numbers : undefined;
    this.#texts = 'texts' in form ? form.texts : undefined;
    this.#bytes = 'bytes' in form ? form.bytes : undefined;
    this.#tensor = 'tensor' in form ? form.tensor : undefined;
  }

  /** Whole numbers, or others, that are known without asking a device. */
  static numbers(type: ElementType, numbers: readonly number[], shape: Shape = [numbers.length]): OnnxTensor {
    return new OnnxTensor(type, shape, { numbers });
  }

  /** Texts. */
  static texts(texts: readonly string[], shape: Shape = [texts.length]): OnnxTensor {
    return new OnnxTensor('string', shape, { texts });
  }

  /** A tensor of the engine; its dtype is the carrier of the type. */
  static of(type: ElementType, tensor: Tensor): OnnxTensor {
    const { carrier } = elementTypes[type];
    return new OnnxTensor(type, tensor.shape, {
      tensor: carrier === undefined || tensor.dtype === carrier ? tensor : tensor.cast(carrier),
    });
  }

  /** Whether the elements are known on the host. */
  get isKnown(): boolean {
    return this.#numbers !== undefined || this.#texts !== undefined;
  }

  /** The tensor of the engine that the elements are in; undefined where they are on the host. */
  get onDevice(): Tensor | undefined {
    return this.#tensor;
  }

  /** How many elements there are. */
  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /**
   * The elements as numbers. What only a device has is read from it, which a step that is being recorded cannot do.
   * @throws {OnnxError} for texts.
   */
  numbers(): readonly number[] {
    if (this.#texts) throw new OnnxError('onnx', 'texts stand where numbers are expected');
    this.#numbers ??= this.#bytes ? decoded(this.type, this.#bytes) : Array.from((this.#tensor as Tensor).dataSync());
    return this.#numbers;
  }

  /**
   * The elements as texts.
   * @throws {OnnxError} for numbers.
   */
  texts(): readonly string[] {
    if (!this.#texts) throw new OnnxError('onnx', `${elementTypes[this.type].name} stands where texts are expected`);
    return this.#texts;
  }

  /** The elements as an array on the host. */
  host(): HostArray<number | string> {
    return new HostArray<number | string>(this.#texts ?? this.numbers(), this.shape);
  }

  /**
   * The elements as a tensor of a device.
   * @throws {OnnxError} for texts and complex numbers, and for whole numbers beyond what the carrier holds.
   */
  tensor(device: Device): Tensor {
    if (this.#tensor && !this.#tensor.isDisposed) return this.#tensor;
    const placed = this.#place(device);
    // Weights are placed once; few numbers are made anew, since a scope or a recorded step may own what is made within it.
    if (this.#bytes) this.#tensor = placed;
    return placed;
  }

  #place(device: Device): Tensor {
    const { carrier, name } = elementTypes[this.type];
    if (carrier === undefined) throw new OnnxError('onnx', `${name} cannot be computed with; no device has it`);
    if (this.#bytes) return fromBytes(this.#bytes, this.shape, { dtype: carrier, device });
    const numbers = this.numbers();
    const { kind, min, max } = dtypes[carrier];
    const beyond = kind === 'float' ? undefined : numbers.find((value) => value < min || value > max);
    if (beyond !== undefined)
      throw new OnnxError('onnx', `the ${name} ${beyond} is beyond ${carrier}, which is what devices compute it in`);
    return makeTensor(numbers, { dtype: carrier, device }).reshape(this.shape);
  }
}

function decoded(type: ElementType, bytes: Uint8Array): number[] {
  const { view, decode, bytes: width } = dtypes[elementTypes[type].carrier as keyof typeof dtypes];
  const copy = new Uint8Array(bytes);
  return Array.from(view(copy.buffer, 0, copy.byteLength / width), decode);
}
