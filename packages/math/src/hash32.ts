import { requireKind } from "./arguments.ts";

/**
 * The 32-bit FNV-1a hash of a string's UTF-8 bytes (Fowler, Noll and Vo; offset 2166136261, prime 16777619).
 * It names random streams: the fourth word of the generator's counter. Pinned: a change would change every draw.
 *
 * @returns An unsigned 32-bit integer. Two names with the same hash would share their noise; whoever collects names
 * must refuse that.
 * @throws TypeError when `name` is not a string.
 */
export function hash32(name: string): number {
  requireKind("name", name, "String");
  let hash = 0x811c9dc5;
  for (const character of name) {
    for (const byte of utf8(character.codePointAt(0)!)) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** UTF-8 bytes of one code point; a lone surrogate becomes U+FFFD, as in `TextEncoder` (which not every host has). */
function utf8(point: number): number[] {
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), continuation(point)];
  if (point >= 0xd800 && point < 0xe000) return utf8(0xfffd);
  if (point < 0x10000) return [0xe0 | (point >> 12), continuation(point >> 6), continuation(point)];
  return [0xf0 | (point >> 18), continuation(point >> 12), continuation(point >> 6), continuation(point)];
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
