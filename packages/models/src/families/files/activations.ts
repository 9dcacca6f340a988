/** Activation functions as config.json names them. Source: Hugging Face, "transformers", activations. */
import type { ModuleConfig } from '@espalier/nn';
import type { Said } from './said.ts';

const tanhForm: ModuleConfig = { type: 'gelu', approximate: 'tanh' };

const known: Readonly<Record<string, string | ModuleConfig>> = {
  gelu: 'gelu',
  gelu_new: tanhForm,
  gelu_pytorch_tanh: tanhForm,
  gelu_fast: tanhForm,
  gelu_python: 'gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  mish: 'mish',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  elu: 'elu',
  selu: 'selu',
  linear: 'identity',
};

/**
 * The activation function that a key says.
 * @throws {FormatError} naming one that is not known.
 */
export function activationOf(said: Said, key: string, fallback: string): string | ModuleConfig {
  const name = said.text(key, fallback);
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  return found ?? said.refuse(key, `is '${name}', which there is not here; known are ${Object.keys(known).join(', ')}`);
}

/** How config.json names an activation function; undefined where it does not. */
export function nameOfActivation(activation: string | ModuleConfig): string | undefined {
  const given = JSON.stringify(typeof activation === 'string' ? { type: activation } : activation);
  return Object.keys(known).find((name) => {
    const each = known[name] as string | ModuleConfig;
    return JSON.stringify(typeof each === 'string' ? { type: each } : each) === given;
  });
}
