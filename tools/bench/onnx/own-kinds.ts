/** What the benchmark of 8 bits knows of trained models of others: what they are given, and what of their outputs is an answer. */
import { stack, type Tensor } from '@espalier/tensor';

/** A model, wherever its file lies in the folder that is told. */
export interface OwnKind {
  readonly name: string;
  readonly file: string;
  /** The array that `own_inputs.py` wrote, and how the model takes it. */
  readonly inputs: 'lines' | 'turned' | 'pages' | 'notes' | 'files';
  readonly prepared: (drawn: Tensor) => Tensor;
  /** Whole numbers: the answers of all places of all examples, 0 where there is nothing. */
  readonly answers: (outputs: Tensor) => Tensor;
  /** Examples that static scales and biases are found on. */
  readonly calibrate: number;
}

const coloured = (grey: Tensor): Tensor => stack([grey, grey, grey], 1);
/** From -1 to 1, in three equal channels. */
const centred = (drawn: Tensor): Tensor => coloured(drawn.cast('f32').div(127.5).sub(1));
const isOver =
  (least: number) =>
  (outputs: Tensor): Tensor =>
    outputs.gt(least).cast('i32');

/** The models. */
export const ownKinds: readonly OwnKind[] = [
  {
    name: 'recogniser',
    file: 'ch_PP-OCRv4_rec_infer.onnx',
    inputs: 'lines',
    prepared: centred,
    answers: (outputs) => outputs.argmax(2),
    calibrate: 20,
  },
  {
    name: 'detector',
    file: 'ch_PP-OCRv4_det_infer.onnx',
    inputs: 'pages',
    prepared: (drawn) => coloured(drawn.cast('f32').div(255).sub(0.45).div(0.226)),
    answers: isOver(0.3),
    calibrate: 7,
  },
  {
    name: 'classifier',
    file: 'ch_ppocr_mobile_v2.0_cls_infer.onnx',
    inputs: 'turned',
    prepared: centred,
    answers: (outputs) => outputs.argmax(1),
    calibrate: 20,
  },
  {
    name: 'basic-pitch',
    file: 'nmp.onnx',
    inputs: 'notes',
    prepared: (drawn) => drawn.unsqueeze(2),
    answers: isOver(0.3),
    calibrate: 7,
  },
  {
    name: 'magika',
    file: 'standard_v3_3/model.onnx',
    inputs: 'files',
    prepared: (drawn) => drawn,
    answers: (outputs) => outputs.argmax(1),
    calibrate: 20,
  },
];
