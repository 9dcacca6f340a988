/** Trained models of others, in and out. */
export { decodeBlocks, encodeBlocks } from './blocks/convert.ts';
export { blockTypes } from './blocks/table.ts';
export { urlBytes } from './bytes/url-bytes.ts';
export { memorySink, type ByteSink, type MemorySink } from './bytes/byte-sink.ts';
export { blobBytes, bytesOf, readBytes, type BlobLike, type ByteSource } from '@espalier/nn/format';
export type { Container, OpenOptions } from './containers/container.ts';
export { conversionLosses, convertTensors, type ConvertOptions } from './containers/convert-tensors.ts';
export { decodeBase64 } from './containers/gguf/base64.ts';
export { gguf } from './containers/gguf/container.ts';
export { joinedMetadata, typesKey as ggufTypesKey } from './containers/gguf/metadata.ts';
export {
  containerTypes,
  findContainer,
  openTensors,
  registerContainer,
  type OpenTensorsOptions,
} from './containers/registry.ts';
export { writePyTorchLike, writeStateDict } from './containers/pytorch/write-pytorch.ts';
export { openPyTorch, type PyTorchOptions, type PyTorchSource } from './containers/pytorch/open-pytorch.ts';
export { npy, npz } from './containers/numpy/numpy.ts';
export { openNpy, openNpz } from './containers/numpy/open-numpy.ts';
export { pytorch } from './containers/pytorch/pytorch.ts';
export { safetensors, safetensorsIndex } from './containers/safetensors/container.ts';
export { writeSafetensorsShards, type WriteFile } from './containers/safetensors/write.ts';
export {
  describeMember,
  memberNamed,
  memberNames,
  registerFamilies,
  registerFamily,
  type Family,
  type FamilyMember,
  type WeightShapes,
} from './families/family.ts';
export { CausalLanguageModel, type CausalLanguageModelParts } from './families/language/causal-language-model.ts';
export type { FileDescription, LanguageDescription, SpecialIds } from './families/files/description.ts';
export type { OpenModelOptions } from './families/files/open-member.ts';
export {
  writeModelFolder,
  writeModelGguf,
  writtenModel,
  type OpenedModel,
  type WriteModelOptions,
  type WrittenModel,
} from './families/files/written-model.ts';
export {
  aModelInParts,
  layersOf,
  openModelInParts,
  openPart,
  storedAs,
  withLayers,
  type ModelInParts,
  type OpenPartOptions,
  type ModelToStore,
} from './families/language/model-in-parts.ts';
export { openLanguageModel, type OpenedLanguageModel } from './families/language/open-language-model.ts';
export type { LogitsOf } from './families/language/slots.ts';
export { TextEncoder, type TextEncoderParts } from './families/language/text-encoder.ts';
export {
  openVisionModel,
  type OpenedVisionModel,
  type VisionDescription,
} from './families/vision/open-vision-model.ts';
export { VisionTransformer, type VisionTransformerParts } from './families/vision/vision-transformer.ts';
export { openHuggingFace, type Description, type FindFile, type ModelFolder } from './huggingface/model-folder.ts';
export { changedTensors } from './import/changed-tensors.ts';
export { importModel, stateDictModel, type ImportedModel, type ImportOptions } from './import/import-model.ts';
export type { StateNames } from './import/state-names.ts';
export { registerTensors, Tensors } from './import/tensors-module.ts';
export {
  describeOnnx,
  exportOnnx,
  importOnnx,
  OnnxError,
  onnxLosses,
  OnnxModule,
  OnnxTensor,
  openOnnx,
  operatorNames,
  registerOnnx,
  type ElementType,
  type ExportOnnxOptions,
  type OnnxDescription,
  type OnnxImportOptions,
  type OnnxModel,
  type OpenOnnxOptions,
  type SequenceValue,
  type StoredTensor,
  type UsedOperator,
  type Value,
} from './onnx/index.ts';
export { writeAwq } from './quantized/awq.ts';
export { decodeWeight, matrixOfWeight, weightOfMatrix, type CodedWeight } from './quantized/coded-weight.ts';
export { writePacked } from './quantized/compressed-tensors.ts';
export { writeGptq, type GptqConfig } from './quantized/gptq.ts';
export { dequantizedSource, type DequantizedSource } from './quantized/quantized-source.ts';
export { convertedTensor } from './tensors/convert-tensor.ts';
export { bytesOfTensor, fileDType, fileDTypeNames, nameOfDType, type FileDType } from './tensors/dtypes.ts';
export { moduleSource, type ModuleSourceOptions } from './tensors/module-source.ts';
export { wholeReads } from './tensors/whole-reads.ts';
export { partSource, type TensorPart, type TensorParts } from './tensors/parts.ts';
export { blockTypeOf, isMatrixReadable, readMatrix, writtenMatrix } from './tensors/matrices.ts';
export { productDifference, type ProductToCheck } from './tensors/product-difference.ts';
export { isReadable, readTensor, type ReadTensorOptions } from './tensors/read-tensor.ts';
export type { TensorEntry, TensorSource, WrittenTensor } from './tensors/tensor-source.ts';
export { carriedTensor, writtenTensor } from './tensors/write-tensor.ts';
