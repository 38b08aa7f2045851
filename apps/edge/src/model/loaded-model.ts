import { type BundleUnits, type Encoder, loadEncoder, readBundle } from "@isthmus/edge";
import { IsthmusError } from "@isthmus/math";
import { createHash } from "node:crypto";

/** An encoder that is ready, and what it is. */
export interface LoadedModel {
  readonly encoder: Encoder;
  /** 16 hex digits. */
  readonly id: string;
  /** Of the whole bundle, in hex. */
  readonly sha256: string;
  readonly units: BundleUnits | undefined;
}

/** What a bundle must be. */
export interface Expected {
  readonly id?: string | undefined;
  readonly sha256?: string | undefined;
}

/** @throws IsthmusError `MODEL_OTHER` for another model or other bytes than expected; as `loadEncoder` */
export async function loadModel(bytes: Uint8Array, expected: Expected): Promise<LoadedModel> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (expected.sha256 !== undefined && expected.sha256 !== sha256) throw other("SHA-256", expected.sha256, sha256);
  const { modelId, units } = readBundle(bytes);
  const id = Buffer.from(modelId).toString("hex");
  if (expected.id !== undefined && expected.id !== id) throw other("id", expected.id, id);
  return { encoder: await loadEncoder(bytes), id, sha256, units };
}

function other(what: string, expected: string, got: string): IsthmusError {
  return new IsthmusError("MODEL_OTHER", `bundle: its ${what} is ${got}, expected ${expected}`, { expected, got });
}
