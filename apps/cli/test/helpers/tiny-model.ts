import { writeFileSync } from 'node:fs';
import { build } from '@espalier/nn';
import { saveModel } from '@espalier/nn/node';
import { modelConfig } from '@espalier/pipeline';
import { device } from '@espalier/tensor';

const architecture = { blocks: 1, channels: 2, kernel: 3, hidden: 0, activation: 'relu', batchNorm: true };

/** Saves an untrained model of the tiny images. */
export async function writeTinyModel(folder: string): Promise<void> {
  const task = { channels: 1, height: 12, width: 12, outputs: 10 };
  const model = build(modelConfig(architecture, 'kaiming-normal', task), { seed: 1, device: await device('cpu') });
  await saveModel(folder, model, { metadata: { input: [1, 12, 12] } });
}

/** Writes a candidate of that architecture. */
export function writeTinyCandidate(file: string): void {
  const training = { optimizer: { type: 'adam', lr: 0.003 }, schedule: 'constant', batch: 60 };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ architecture, initialiser: 'kaiming-normal', training }));
}
