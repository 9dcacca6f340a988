/** The recipe of the main job, and the values that a recipe of one's own may leave out. */
export const quickstart = `# The built-in recipe: search, train, prune, quantize and distil a digit classifier on MNIST.
name: quickstart
seed: 7
device: auto
output: runs/quickstart

data:
  source: mnist
  validation: 5000

search:
  strategy: genetic
  trials: 12
  population: 6
  images: 6000
  epochs: 1
  space:
    architecture:
      blocks: [1, 2]
      channels: [4, 8, 12, 16]
      kernel: [3, 5]
      hidden: [32, 64, 128]
      activation: [relu, gelu, silu]
      batchNorm: [true, false]
    initialiser: [kaiming-normal, xavier-uniform, orthogonal]
    training:
      optimizer:
        sgd: { lr: { float: [0.01, 0.3], log: true }, momentum: { float: [0.8, 0.95] } }
        adamw: { lr: { float: [0.0005, 0.01], log: true }, weightDecay: [0, 0.0001, 0.01] }
      schedule: [constant, cosine, one-cycle]
      batch: [32, 64, 128]

train:
  epochs: 3

prune:
  sparsity: 0.9
  # The smallest weights go first, each measured against its own layer (LAMP): behind batch norm the scale of a
  # layer's weights means nothing, and magnitude across layers would empty some of them.
  method: lamp
  scope: global
  epochs: 3
  lr: 0.003
  baseline: true

quantize:
  weights: int8
  granularity: channel

distill:
  size: 0.1
  epochs: 3
  temperature: 4
  alpha: 0.7
  lr: 0.003
`;
