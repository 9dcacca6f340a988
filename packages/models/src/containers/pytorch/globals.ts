/**
 * The only names that a pickle of tensors may speak of: what PyTorch itself allows under `weights_only=True`, and the classes
 * of modules whose attributes are plain data. Everything else is refused by name; nothing is ever called.
 */
import { brief } from '@espalier/tensor/arguments';
import type { GlobalRule } from './pickle/machine.ts';

/** The dtypes of storages of their own, by their class without its module: what PyTorch wrote before untyped storages. */
export const storageDTypes: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
  ComplexDoubleStorage: 'C128',
};

/** The dtypes of PyTorch by name. */
export const torchDTypes: Readonly<Record<string, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
  complex128: 'C128',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
};

/** Storages and dtypes that are refused with a word of their own. */
const unreadable: Readonly<Record<string, string>> = {
  'torch._utils._rebuild_qtensor': 'a tensor quantized by PyTorch; save dequantize() of it',
  'torch._utils._rebuild_sparse_tensor': 'a sparse tensor; save to_dense() of it',
  'torch._utils._rebuild_meta_tensor_no_storage': 'a tensor without values',
  'torch._utils._rebuild_nested_tensor': 'a nested tensor; save its parts',
};

/** Classes that are data: made of arguments, without attributes that matter. */
const plain: ReadonlySet<string> = new Set([
  'collections.OrderedDict',
  '__builtin__.set',
  'builtins.set',
  '_codecs.encode',
  'torch.Size',
  'torch.device',
  'torch.Tensor',
  'torch.nn.parameter.Parameter',
  'torch.storage.UntypedStorage',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch._tensor._rebuild_from_type_v2',
]);

/** Classes of modules whose attributes are numbers, words, and modules. Which of them are layers here, `layers.ts` says. */
const modules: Readonly<Record<string, readonly string[]>> = {
  activation:
    'CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold'.split(
      ' ',
    ),
  batchnorm: 'BatchNorm1d BatchNorm2d BatchNorm3d'.split(' '),
  container: 'ModuleDict ModuleList ParameterDict ParameterList Sequential'.split(' '),
  conv: 'Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d'.split(' '),
  dropout: 'AlphaDropout Dropout Dropout1d Dropout2d Dropout3d'.split(' '),
  flatten: 'Flatten Unflatten'.split(' '),
  instancenorm: 'InstanceNorm1d InstanceNorm2d InstanceNorm3d'.split(' '),
  linear: 'Bilinear Identity Linear NonDynamicallyQuantizableLinear'.split(' '),
  normalization: 'GroupNorm LayerNorm LocalResponseNorm RMSNorm'.split(' '),
  padding:
    'ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d ZeroPad1d ZeroPad2d'.split(
      ' ',
    ),
  pixelshuffle: 'PixelShuffle PixelUnshuffle'.split(' '),
  pooling:
    'AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d AvgPool1d AvgPool2d MaxPool1d MaxPool2d'.split(
      ' ',
    ),
  rnn: 'GRU GRUCell LSTM LSTMCell RNN RNNCell'.split(' '),
  sparse: 'Embedding EmbeddingBag'.split(' '),
  upsampling: 'Upsample UpsamplingBilinear2d UpsamplingNearest2d'.split(' '),
};

const moduleNames: ReadonlySet<string> = new Set(
  Object.entries(modules).flatMap(([file, names]) => names.map((name) => `torch.nn.modules.${file}.${name}`)),
);

/** Whether a name is that of a class of modules that is known. */
export function isModuleClass(name: string): boolean {
  return moduleNames.has(name);
}

/** Whether a name is that of a storage. */
export function isStorageClass(name: string): boolean {
  return name === 'torch.storage.UntypedStorage' || storageDType(name) !== undefined;
}

function valueOf(
  table: Readonly<Record<string, string>>,
  prefixes: readonly string[],
  name: string,
): string | undefined {
  const prefix = prefixes.find((each) => name.startsWith(each));
  const own = prefix === undefined ? '' : name.slice(prefix.length);
  return Object.hasOwn(table, own) ? table[own] : undefined;
}

/** What a storage of a class holds; undefined of one that holds bytes, and of what is no storage. */
export function storageDType(name: string): string | undefined {
  return valueOf(storageDTypes, ['torch.', 'torch.storage.', 'torch.cuda.'], name);
}

/** The dtype that a name of PyTorch stands for. */
export function torchDType(name: string): string | undefined {
  return valueOf(torchDTypes, ['torch.'], name);
}

/** Lets a name pass that tensors need. */
export const allowGlobal: GlobalRule = (global, refuse) => {
  const { name } = global;
  if (plain.has(name) || moduleNames.has(name) || isStorageClass(name) || torchDType(name) !== undefined) return global;
  const shown = brief(name, 200);
  const odd = Object.hasOwn(unreadable, name) ? unreadable[name] : undefined;
  if (odd !== undefined) return refuse(`has ${odd} (${shown})`);
  if (name.startsWith('__torch__.'))
    return refuse(`is a TorchScript program (${shown}), which is code; save its state_dict()`);
  return refuse(
    `asks for ${shown}, which is no part of a file of tensors; nothing of it is carried out; in PyTorch, save state_dict() of the model`,
  );
};
