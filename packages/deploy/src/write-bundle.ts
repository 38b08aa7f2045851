import { crc32c, type FrequencyTable, numberBytes } from "@isthmus/codec";
import { type BundleUnits, type EncoderBundle, type Plan } from "@isthmus/edge";
import {
  BUNDLE_CRC_AT,
  BUNDLE_ENTRY_BYTES,
  BUNDLE_HASH_AT,
  BUNDLE_HEADER_BYTES,
  BUNDLE_MAGIC,
  BUNDLE_PLAN_BYTES,
  BUNDLE_SECTIONS,
  BUNDLE_VERSION,
  type BundleSection,
  callWords,
  isFloatPlan,
} from "@isthmus/edge/format";
import { contentHash } from "@isthmus/graph";

/** The bytes of a bundle, as `docs/bundle.md` says. The same bundle gives the same bytes; `readBundle` of `@isthmus/edge` reads them. */
export function writeBundle(bundle: Omit<EncoderBundle, "sections">): Uint8Array<ArrayBuffer> {
  const { modelId, hashes, quality, dims, tables, units, plan } = bundle;
  const sections: Record<BundleSection, Uint8Array | undefined> = {
    model: Uint8Array.of(...modelId, ...hashes.encoder, ...hashes.tables, ...hashes.decoder),
    coding: Uint8Array.of(quality, ...[dims, tables.length].flatMap(numberBytes), ...tables.flatMap(tableBytes)),
    units: units && unitBytes(units),
    plan: planBytes(plan),
    constants: plan.constants,
  };
  const written = Object.entries(sections).flatMap(([name, bytes]) => (bytes ? [{ name, bytes }] : []));
  const directory = BUNDLE_HEADER_BYTES + BUNDLE_ENTRY_BYTES * written.length;
  const bytes = new Uint8Array(written.reduce((sum, section) => sum + section.bytes.length, directory));
  const view = new DataView(bytes.buffer);
  bytes.set([...BUNDLE_MAGIC, BUNDLE_VERSION, written.length]);
  view.setUint32(4, bytes.length, true);
  let at = directory;
  written.forEach((section, i) => {
    const entry = BUNDLE_HEADER_BYTES + BUNDLE_ENTRY_BYTES * i;
    const type = BUNDLE_SECTIONS[section.name as BundleSection];
    [type, section.bytes.length, crc32c(section.bytes)].forEach((word, k) => view.setUint32(entry + 4 * k, word, true));
    bytes.set(section.bytes, at);
    at += section.bytes.length;
  });
  bytes.set(hexBytes(contentHash(bytes.subarray(BUNDLE_HEADER_BYTES))), BUNDLE_HASH_AT);
  const covered = crc32c(bytes.subarray(BUNDLE_HASH_AT, directory), crc32c(bytes.subarray(0, BUNDLE_CRC_AT)));
  view.setUint32(BUNDLE_CRC_AT, covered, true);
  return bytes;
}

/** The bytes that two hexadecimal digits each stand for. */
export function hexBytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Precision, the smallest symbol with its sign as the lowest bit, how many symbols, and each frequency, the escape's last. */
function tableBytes({ precision, minimum, frequencies }: FrequencyTable): number[] {
  const zigzag = ((minimum << 1) ^ (minimum >> 31)) >>> 0;
  return [precision, zigzag, frequencies.length - 1, ...frequencies].flatMap(numberBytes);
}

function unitBytes({ offsets, scales, fills }: BundleUnits): Uint8Array {
  const rows = [offsets, scales, ...(fills ? [fills] : [])];
  const view = new DataView(new ArrayBuffer(8 + 8 * rows.length * offsets.length));
  view.setUint32(0, rows.length, true);
  view.setUint32(4, offsets.length, true);
  rows.forEach((row, k) => row.forEach((value, i) => view.setFloat64(8 + 8 * (k * row.length + i), value, true)));
  return new Uint8Array(view.buffer);
}

function planBytes(plan: Plan): Uint8Array {
  const { version, memoryBytes, input, outputs, calls } = plan;
  const words = calls.map(callWords);
  const [output] = outputs;
  const view = new DataView(new ArrayBuffer(BUNDLE_PLAN_BYTES + 4 * words.flat().length));
  const set = (index: number, ...values: readonly number[]): void =>
    values.forEach((value, i) => view.setInt32(4 * (index + i), value, true));
  set(0, version, memoryBytes, input.address, input.length);
  if (isFloatPlan(plan)) set(4, plan.outputs[0]!.grid, plan.outputs[0]!.channels);
  else {
    view.setFloat64(16, plan.input.scale, true);
    set(6, plan.input.zero);
  }
  set(7, output!.address, output!.length, words[0]?.length ?? 0, words.length, ...words.flat());
  return new Uint8Array(view.buffer);
}
