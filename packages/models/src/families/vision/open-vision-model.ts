/** Models that look at pictures, out of folders of Hugging Face. */
import type { Module } from '@espalier/nn';
import type { ModelFolder } from '../../huggingface/model-folder.ts';
import { recordOf, type FileDescription } from '../files/description.ts';
import { visionFamilies } from '../files/file-families.ts';
import { openMember, type OpenModelOptions } from '../files/open-member.ts';

/** What a folder says of a model that looks at pictures. */
export interface VisionDescription extends FileDescription {
  /** Pixels of a side of a picture. */
  readonly image: number;
  readonly channels: number;
  /** What classes are called, in their order; empty where it gives hidden states. */
  readonly labels: readonly string[];
}

/** An opened model that looks at pictures. */
export interface OpenedVisionModel {
  /** In evaluation mode: pictures [batch, channels, height, width] to logits [batch, classes], or to hidden states. */
  readonly module: Module;
  readonly description: VisionDescription;
}

/**
 * Opens a model that looks at pictures: a folder of Hugging Face (`openModelFolder`), which the caller closes.
 * @throws {FormatError} for a family that is not known, for what a model of it asks for and there is not, by name, and for tensors
 * that are missing or have no place.
 */
export async function openVisionModel(from: ModelFolder, options: OpenModelOptions = {}): Promise<OpenedVisionModel> {
  const { module, description } = await openMember('openVisionModel', visionFamilies, from, options);
  const { model, metadata } = description;
  const names = recordOf(metadata['id2label']);
  const classes = model['classes'] === undefined ? 0 : Number(model['classes']);
  const labelOf = (place: number): string => {
    const name = names[String(place)];
    return typeof name === 'string' ? name : String(place);
  };
  const labels = Array.from({ length: classes }, (_, place) => labelOf(place));
  return {
    module,
    description: { ...description, image: Number(model['image']), channels: Number(model['channels']), labels },
  };
}
