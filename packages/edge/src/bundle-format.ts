/** The numbers of the bundle's form that writer and reader share; `docs/bundle.md` is the specification. */

export const BUNDLE_MAGIC: readonly number[] = [0xc9, 0x42];
/** Major in the high four bits, minor in the low four. */
export const BUNDLE_VERSION = 0x10;
export const BUNDLE_HEADER_BYTES = 44;
/** Where the SHA-256 of everything behind the header lies. */
export const BUNDLE_HASH_AT = 12;
export const BUNDLE_CRC_AT = 8;
/** Of a section in the directory: type, length, CRC32C. */
export const BUNDLE_ENTRY_BYTES = 12;

/** In ascending order, as they lie in a file. */
export const BUNDLE_SECTIONS = { model: 1, coding: 2, units: 3, plan: 4, constants: 5 } as const;

export type BundleSection = keyof typeof BUNDLE_SECTIONS;

/** A model's id, and the SHA-256 of its encoder, its tables and its decoder. */
export const BUNDLE_MODEL_BYTES: number = 8 + 3 * 32;
/** Of the plan's section, before its calls. */
export const BUNDLE_PLAN_BYTES = 44;
