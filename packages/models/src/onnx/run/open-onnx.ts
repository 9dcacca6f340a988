/** An ONNX model that is run as it is: any number of inputs and outputs, by their names. */
import type { ByteSource } from '@espalier/nn/format';
import { defaultDevice, isTensor, type Device, type Tensor } from '@espalier/tensor';
import { aDevice, anObject, check, checkOptional } from '@espalier/tensor/arguments';
import type { OpenOptions } from '../../containers/container.ts';
import { OnnxError } from '../errors.ts';
import { decodeFile } from '../protobuf/decode.ts';
import { modelProto } from '../protobuf/messages.ts';
import { elementTypes } from '../values/element-types.ts';
import { nothing, OnnxTensor, type Value } from '../values/value.ts';
import { usualHostElements } from './call.ts';
import { evaluate } from './evaluate.ts';
import type { Declared } from './graph.ts';
import { loadGraph } from './load.ts';

/** Where a model runs, and what lies beside it. */
export interface OpenOnnxOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Files beside the model, for weights that lie in them. */
  readonly sibling?: OpenOptions['sibling'];
}

/** A model that is run as it is. */
export interface OnnxModel {
  /** What it takes, and what the file says of it. */
  readonly inputs: readonly Declared[];
  readonly outputs: readonly Declared[];
  /** What else the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The outputs for inputs, by their names. An input is a tensor of the engine, or an `OnnxTensor` where its type is none of
   * those; whole numbers that decide shapes are best given as `OnnxTensor.numbers`, since they are then known without asking a
   * device.
   * @throws {OnnxError} naming the node, for what it cannot do, and the inputs that are missing or that there are not.
   */
  readonly run: (inputs: Readonly<Record<string, Tensor | Value>>) => Record<string, Value>;
}

/**
 * Opens a model and reads its weights; the source may be closed then.
 * @throws {FormatError} naming the file and the place, for what is damaged.
 * @throws {OnnxError} naming the nodes whose operators there are not.
 */
export async function openOnnx(source: ByteSource, options: OpenOnnxOptions = {}): Promise<OnnxModel> {
  check('openOnnx', 'source', source, anObject);
  checkOptional('openOnnx', 'device', options.device, aDevice);
  const { device = defaultDevice(), sibling } = options;
  const model = await decodeFile(source, modelProto);
  const graph = await loadGraph(model, { source, ...(sibling && { sibling }) });
  const known = new Set(graph.inputs.map(({ name }) => name));
  return {
    inputs: graph.inputs,
    outputs: graph.outputs,
    metadata: Object.fromEntries(model.metadataProps.map(({ key = '', value = '' }) => [key, value])),
    run: (inputs) => {
      check('openOnnx', 'inputs', inputs, anObject);
      const odd = Object.keys(inputs).find((name) => !known.has(name));
      if (odd !== undefined)
        throw new OnnxError(
          source.name,
          `has no input '${odd}'; it takes ${[...known].map((name) => `'${name}'`).join(', ')}`,
        );
      const values = graph.inputs.map((input) => valueOf(input, inputs[input.name]));
      const outputs = evaluate(graph, values, { device, hostElements: usualHostElements });
      return Object.fromEntries(graph.outputs.map(({ name }, index) => [name, outputs[index] ?? nothing]));
    },
  };
}

/** A tensor of the engine as one of the type that an input is declared of. */
function valueOf({ name, type }: Declared, given: Tensor | Value | undefined): Value {
  if (given === undefined) throw new OnnxError('onnx', `the input '${name}' is missing`);
  if (!isTensor(given)) return given;
  return OnnxTensor.of(type && elementTypes[type].carrier === given.dtype ? type : given.dtype, given);
}
