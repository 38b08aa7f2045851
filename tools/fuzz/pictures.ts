import { decodeLatents, encodeLatents, noteFields, notesOf } from "@isthmus/codec";
import { joinTiles } from "@isthmus/compress";
import { IsthmusError } from "@isthmus/math";
import {
  type Draw,
  type HostileKind,
  pick,
  probe,
  refusal,
  withDamage,
} from "../../packages/codec/test/support/hostile-draws.ts";
import { limits, modelId, rechecksummed, tables } from "../../packages/codec/test/support/hostile-latents.ts";

/** Of a tile: a latent for each. */
const SHAPE = [1, 3, 1] as const;
const CHANNELS = tables.length;

const streams = [
  { height: 4, width: 5, channels: 1 },
  { height: 1, width: 1, channels: 1 },
  { height: 7, width: 300, channels: 1 },
].map((geometry) => {
  const tiles = geometry.height * Math.ceil(geometry.width / SHAPE[1]);
  const ancillary = noteFields({ geometry, filledRows: 3, timestamp: 1_700_000_000_000_000n, nonce: modelId });
  return encodeLatents(new Int32Array(tiles * CHANNELS), { tables, modelId, ancillary });
});

/** Of the fields that stand between the header and the payload. */
const FIELDS_AT = 24;

function outcome(draw: Draw): string {
  const stream = pick(draw, streams);
  const fields = stream[14]! | (stream[15]! << 8);
  const head = withDamage(draw, stream.subarray(0, FIELDS_AT + fields), 2, FIELDS_AT);
  const bytes = rechecksummed(draw, Uint8Array.of(...head, ...stream.subarray(FIELDS_AT + fields)));
  let items;
  try {
    items = probe.around(() => decodeLatents(bytes, { tables, modelId, limits }));
  } catch (error) {
    return refusal(error, bytes.length);
  }
  const { geometry } = notesOf(items.streams[0]!.ancillary);
  const tiles = Float32Array.from(items.symbols);
  if (!geometry) return "decoded, no picture";
  try {
    const { values, height, width, channels } = probe.around(() => joinTiles(tiles, geometry, SHAPE));
    if (values.length !== height * width * channels) throw new Error("a picture of another size than it says");
    return "decoded";
  } catch (error) {
    if (error instanceof IsthmusError && error.code === "BITSTREAM_GEOMETRY") return "GEOMETRY";
    throw error;
  }
}

export const pictureKind: HostileKind = {
  name: "fields of a picture, damaged under a good checksum",
  seed: 21,
  run: outcome,
  outcomes: ["GEOMETRY", "LIMIT", "TLV", "decoded", "decoded, no picture"],
};
