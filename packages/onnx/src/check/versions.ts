import { invalid } from "../invalid.ts";
import type { OnnxModel } from "../messages.ts";
import { irVersionOf } from "../opset.ts";

/** The newest IR version there is (ONNX 1.22). */
const NEWEST_IR = 13;

/** The version of ONNX's own operators, which must be one that is checked, in a file whose IR version can hold it. */
export function checkVersions({ irVersion, operatorSets }: Pick<OnnxModel, "irVersion" | "operatorSets">): number {
  const own = operatorSets.filter(({ domain }) => domain === "" || domain === "ai.onnx");
  const opset = own[0]?.version ?? 0;
  const oldest = irVersionOf(opset);
  if (own.length === 1 && oldest !== undefined && irVersion >= oldest && irVersion <= NEWEST_IR) return opset;
  const sets = operatorSets.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", ") || "none";
  const needed = oldest === undefined ? "" : `, which needs ${oldest} to ${NEWEST_IR}`;
  throw invalid(
    `expected one operator set ai.onnx from 13 to 21 with its IR version, got ${sets} with IR version ${irVersion}${needed}`,
  );
}
