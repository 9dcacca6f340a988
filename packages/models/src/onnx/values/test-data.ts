/** Values as ONNX's test data has them: a file with one tensor, sequence or optional. */
import type { ByteSource } from '@espalier/nn/format';
import { decodeFile } from '../protobuf/decode.ts';
import {
  optionalProto,
  sequenceProto,
  tensorProto,
  type OptionalProto,
  type SequenceProto,
  type TypeProto,
} from '../protobuf/messages.ts';
import { readTensor, type TensorPlace } from './read-tensor.ts';
import { nothing, sequenceOf, type Value } from './value.ts';

/**
 * Reads a value of a type.
 * @throws {FormatError} naming the file, for what is damaged.
 */
export async function readValue(source: ByteSource, type: TypeProto): Promise<Value> {
  const place = { source };
  if (type.optionalType) return readOptional(await decodeFile(source, optionalProto), place);
  if (type.sequenceType) return readSequence(await decodeFile(source, sequenceProto), place);
  return readTensor(await decodeFile(source, tensorProto), place);
}

async function readSequence(
  { tensorValues, sequenceValues, optionalValues }: SequenceProto,
  place: TensorPlace,
): Promise<Value> {
  const items: Value[] = [];
  for (const each of tensorValues) items.push(await readTensor(each, place));
  for (const each of sequenceValues) items.push(await readSequence(each, place));
  for (const each of optionalValues) items.push(await readOptional(each, place));
  return sequenceOf(items);
}

async function readOptional(
  { tensorValue, sequenceValue, optionalValue }: OptionalProto,
  place: TensorPlace,
): Promise<Value> {
  if (tensorValue) return readTensor(tensorValue, place);
  if (sequenceValue) return readSequence(sequenceValue, place);
  return optionalValue ? readOptional(optionalValue, place) : nothing;
}
