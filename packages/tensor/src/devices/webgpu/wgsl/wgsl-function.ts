/** One WGSL function of the library and the names of the other library functions it calls. */
export interface WgslFunction {
  readonly needs: readonly string[];
  readonly code: string;
}
