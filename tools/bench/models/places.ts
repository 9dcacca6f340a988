/** Where the benchmark of models finds what it works on. */

/** Places that whoever runs it names. */
export interface Places {
  /** Holds packages with checkpoints, unpacked. */
  readonly checkpoints: string;
  /** A Python with torch and transformers; undefined where there is none. */
  readonly python: string | undefined;
  /** A folder where node-llama-cpp is installed; undefined where there is none. */
  readonly llama: string | undefined;
}
