/** The form of a bundle, `docs/bundle.md`: header, directory, sections, each with a checksum. */
import { remainder } from "./checksum";

const HEADER_BYTES = 44;
const HASH_AT = 12;
const CRC_AT = 8;
const ENTRY_BYTES = 12;
const MAX_SECTIONS = 16;
const ANCILLARY: u32 = 0x80;

/** Sections by their types. */
export const MODEL: u32 = 1;
export const CODING: u32 = 2;
export const UNITS: u32 = 3;
export const PLAN: u32 = 4;
export const CONSTANTS: u32 = 5;

/** Where a section begins, and how long it is; 0 and 0 where there is none. */
@unmanaged
export class Section {
  at: usize;
  length: i32;
}

/** Of a type, in what `readSections` wrote. */
export function sectionOf(sections: usize, type: u32): Section {
  return changetype<Section>(sections + <usize>type * offsetof<Section>());
}

/**
 * Writes where the sections lie that are known; whether magic, version, lengths and checksums are as they must be.
 *
 * @param table 4,096 bytes for `remainder`
 * @param sections six of them, all zero
 */
export function readSections(file: usize, length: i32, table: usize, sections: usize): bool {
  if (length < HEADER_BYTES || load<u16>(file) != 0x42c9 || load<u8>(file, 2) >> 4 != 1) return false;
  const count = <i32>load<u8>(file, 3);
  const directory = HEADER_BYTES + ENTRY_BYTES * count;
  if (count > MAX_SECTIONS || directory > length || load<u32>(file, 4) != <u32>length) return false;
  const start = remainder(table, file, file + CRC_AT, -1);
  if (~remainder(table, file + HASH_AT, file + <usize>directory, start) != load<u32>(file, CRC_AT)) return false;
  const end = file + <usize>length;
  let at = file + <usize>directory;
  let last: u32 = 0;
  for (let entry = file + HEADER_BYTES; entry < file + <usize>directory; entry += ENTRY_BYTES) {
    const type = load<u32>(entry);
    const bytes = load<u32>(entry, 4);
    if (type <= last || (type > CONSTANTS && type < ANCILLARY) || bytes > <u32>(end - at)) return false;
    if (~remainder(table, at, at + <usize>bytes, -1) != load<u32>(entry, 8)) return false;
    if (type <= CONSTANTS) {
      const section = sectionOf(sections, type);
      section.at = at;
      section.length = bytes;
    }
    at += <usize>bytes;
    last = type;
  }
  return at == end;
}
