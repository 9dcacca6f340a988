/** What is wrong with a model that is well formed: it asks for something that there is not, or that does not fit. */
import { TensorError } from '@espalier/tensor';

/**
 * A model, or what it is given, cannot be run here: an operator that there is not, or one in a form that there is not. It names
 * the node.
 */
export class OnnxError extends TensorError {
  override readonly name: string = 'OnnxError';
  override readonly code = 'onnx';
}
