/** A part's file held to what our engine does, before it is written. */
import { IsthmusError } from "@isthmus/math";
import {
  type ExportableModel,
  type ModelPart,
  type ModelPartOptions,
  partReference,
  requireParity,
} from "@isthmus/onnx";
import type { Report } from "./console.ts";
import type { EngineOptions } from "./engines.ts";
import { comparePair, errorsText } from "./onnx-parity.ts";
import { onnxRuntime, openOnnx } from "./onnx-runtime.ts";

const CHECKED_ITEMS = 100;

interface CheckOptions extends EngineOptions {
  readonly part: ModelPart;
  readonly out: string;
  readonly batch?: number;
}

/** Runs a part's file on drawn inputs, where onnxruntime-node can be had, and says what came of it. */
export async function checkParity(
  model: ExportableModel,
  options: CheckOptions,
  asked: ModelPartOptions,
  { ports, source }: { readonly ports: Uint8Array; readonly source: string | Uint8Array },
): Promise<Report> {
  const runtime = await onnxRuntime();
  if ("missing" in runtime) return unchecked(`onnxruntime-node cannot be loaded (${runtime.missing})`);
  const { part, out, batch: items = CHECKED_ITEMS } = options;
  const session = await openOnnx(runtime, out, source);
  try {
    const { program, tolerances } = partReference(model, part, asked);
    const pair = { bytes: ports, session, parameters: model.parameters, program, tolerances: () => tolerances };
    const report = await comparePair(pair, items, options);
    requireParity(report, "nothing was written: onnxruntime-node and our engine differ");
    const each = Object.entries(report.perOutput).map(([name, { maxAbs }]) => [name, maxAbs] as const);
    return {
      json: { maxAbsError: report.maxAbs, perOutput: Object.fromEntries(each), items, parity: "onnxruntime-node" },
      lines: [`parity with onnxruntime-node on ${items} drawn inputs, ${errorsText(ports, report)}`],
    };
  } catch (error) {
    if (!(error instanceof IsthmusError) || error.code !== "ENGINE_MEMORY") throw error;
    return unchecked(`onnxruntime-node opens the file, but our engine cannot hold the model (${error.message})`);
  } finally {
    await session.release();
  }
}

function unchecked(why: string): Report {
  const reason = `not checked: ${why}`;
  return { json: { maxAbsError: null, parity: reason }, lines: [`parity ${reason}`] };
}
