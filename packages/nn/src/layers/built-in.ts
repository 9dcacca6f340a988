/** The module types that `build` knows from the start. */
import type { ModuleType } from '../module/registry.ts';
import { activationTypes } from './activation.ts';
import { batchNormType } from './batch-norm.ts';
import { conv2dType } from './conv2d.ts';
import { dropoutType } from './dropout.ts';
import { embeddingType } from './embedding.ts';
import { feedForwardType } from './feed-forward.ts';
import { flattenType } from './flatten.ts';
import { layerNormType } from './layer-norm.ts';
import { linearType } from './linear.ts';
import { pad2dType } from './padding.ts';
import { poolingTypes } from './pooling.ts';
import { positionEmbeddingType } from './position-embedding.ts';
import { residualType } from './residual.ts';
import { rmsNormType } from './rms-norm.ts';
import { selfAttentionType } from './self-attention.ts';
import { sequentialType } from './sequential.ts';
import { transformerBlockType } from './transformer-block.ts';

/** All of them. */
export const builtInModules: readonly ModuleType[] = [
  linearType,
  conv2dType,
  ...poolingTypes,
  pad2dType,
  batchNormType,
  layerNormType,
  rmsNormType,
  embeddingType,
  positionEmbeddingType,
  selfAttentionType,
  feedForwardType,
  dropoutType,
  flattenType,
  ...activationTypes,
  sequentialType,
  residualType,
  transformerBlockType,
];
