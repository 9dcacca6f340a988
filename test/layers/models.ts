// The layers of @espalier/models, the lowest first.
import type { Layers } from './layers.ts';

/** Bytes and dtypes at the bottom, tensors of files above them, formats above those, families of architectures beside them, models above all. */
export const models: Layers = {
  arrows: {
    bytes: [],
    zip: ['bytes'],
    'tensors/dtypes.ts': [],
    blocks: ['tensors/dtypes.ts'],
    tensors: ['bytes', 'tensors/dtypes.ts', 'blocks'],
    quantized: ['tensors/dtypes.ts', 'tensors', 'blocks'],
    containers: ['bytes', 'zip', 'tensors/dtypes.ts', 'tensors'],
    huggingface: ['bytes', 'tensors', 'containers', 'quantized'],
    families: ['bytes', 'tensors/dtypes.ts', 'tensors', 'containers', 'huggingface'],
    import: ['tensors/dtypes.ts', 'tensors', 'containers', 'families'],
    onnx: ['bytes', 'tensors/dtypes.ts', 'tensors', 'containers', 'import', 'quantized'],
    node: ['bytes', 'tensors', 'containers', 'huggingface', 'onnx'],
  },
  exceptions: [],
};
