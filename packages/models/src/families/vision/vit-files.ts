/** Vision transformers in config.json. */
import { ConfigError, type ModuleConfig } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { activationOf, nameOfActivation } from '../files/activations.ts';
import { recordOf } from '../files/description.ts';
import type { BeforeWriting, FileFamily, ModelToWrite, SaidModel } from '../files/file-family.ts';
import { ofTraining } from '../files/huggingface-keys.ts';
import { partsOf } from '../files/module-parts.ts';
import type { Said } from '../files/said.ts';
import { vitLayers, vitOptions, vitParts } from './vit.ts';

/** More keys that change nothing here. */
const ignored = [
  'attention_probs_dropout_prob',
  'encoder_stride',
  'hidden_dropout_prob',
  'pooler_act',
  'pooler_output_size',
];

function readConfig(said: Said, source: TensorSource): SaidModel {
  const classes = source.tensors.get('classifier.weight')?.shape[0];
  const labels = Object.keys(recordOf(said.any('id2label'))).length;
  if (classes !== undefined && labels > 0 && labels !== classes)
    said.refuse('id2label', `has ${labels} labels, and the classifier ${classes} classes`);
  said.ignore(...ofTraining, ...ignored);
  const model: ModuleConfig = {
    type: 'vit',
    image: said.count('image_size', 224),
    patch: said.count('patch_size', 16),
    channels: said.count('num_channels', 3),
    width: said.count('hidden_size', 768),
    layers: said.count('num_hidden_layers', 12),
    heads: said.count('num_attention_heads', 12),
    hidden: said.count('intermediate_size', 3072),
    bias: said.truth('qkv_bias', true),
    epsilon: said.real('layer_norm_eps', 1e-12),
    activation: activationOf(said, 'hidden_act', 'gelu'),
    ...(classes !== undefined && { classes }),
  };
  const prefix = source.tensors.has('vit.embeddings.cls_token') ? 'vit.' : '';
  return {
    model,
    parts: vitParts(model, prefix),
    prefix,
    unused: [/^(vit\.)?pooler\./u, /^(vit\.)?embeddings\.mask_token$/u],
  };
}

function writeConfig(model: ModuleConfig, { prefix }: BeforeWriting): ModelToWrite {
  const options = vitOptions(model);
  const act = nameOfActivation(options.activation ?? 'gelu');
  if (act === undefined) throw new ConfigError('vit.activation', 'has no name in config.json; take another one');
  const said: Description = {
    model_type: 'vit',
    architectures: [options.classes === undefined ? 'ViTModel' : 'ViTForImageClassification'],
    image_size: options.image,
    patch_size: options.patch,
    num_channels: options.channels,
    hidden_size: options.width,
    num_hidden_layers: options.layers,
    num_attention_heads: options.heads,
    intermediate_size: options.hidden,
    qkv_bias: options.bias ?? true,
    layer_norm_eps: options.epsilon ?? 1e-12,
    hidden_act: act,
  };
  return { said, parts: vitParts(model, prefix ?? (options.classes === undefined ? '' : 'vit.')) };
}

/** Sizes as a module has them. */
function vitSizes(config: ModuleConfig, block: ModuleConfig): Omit<ModuleConfig, 'type'> {
  const { attention, feedForward, head } = partsOf(config, block);
  return {
    width: config['width'],
    heads: attention['heads'],
    hidden: feedForward['hidden'],
    ...(head['out'] !== undefined && { classes: head['out'] }),
  };
}

/** The family in folders of Hugging Face. */
export const vitFamily: FileFamily = {
  type: 'vit',
  layers: vitLayers,
  sizes: vitSizes,
  huggingFace: { names: ['vit'], layersKey: 'num_hidden_layers', read: readConfig, write: writeConfig },
};
