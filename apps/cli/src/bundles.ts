/** What an `.isthb` file holds, for people. */
import { readBundle, verifyBundle } from "@isthmus/edge";
import { isFloatPlan } from "@isthmus/edge/format";
import type { JsonObject } from "@isthmus/graph";
import { createHash } from "node:crypto";

/** @throws IsthmusError as `readBundle` and `verifyBundle` */
export async function describeBundle(bytes: Uint8Array): Promise<JsonObject> {
  const { modelId, hashes, quality, dims, tables, units, plan, sections } = readBundle(bytes);
  await verifyBundle(bytes);
  return {
    kind: "isthmus encoder bundle",
    modelId: hex(modelId),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    quality,
    samples: plan.input.length,
    units: units ? "of the model's data" : "the network's own; bytes stand for b / 255",
    dims,
    channels: tables.length,
    weights: isFloatPlan(plan) ? "float32" : "int8",
    calls: plan.calls.map(({ kernel }) => kernel),
    memoryBytes: plan.memoryBytes,
    sections: { header: bytes.length - Object.values(sections).reduce((sum, size) => sum + size, 0), ...sections },
    hashes: { encoder: hex(hashes.encoder), tables: hex(hashes.tables), decoder: hex(hashes.decoder) },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
