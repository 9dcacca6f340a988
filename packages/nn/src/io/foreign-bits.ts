/** Dtypes that safetensors has and the engine has not, by what they take. */

/** Bits of an element, by the format's names. A dtype that is newer than this list is carried too, whatever its size. */
export const foreignBits: Readonly<Record<string, number>> = {
  I64: 64,
  U64: 64,
  C64: 64,
  I16: 16,
  U16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
};
