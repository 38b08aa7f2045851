import {
  type Environment,
  explain,
  type Finding,
  probeEnvironment,
  type Selection,
  selectEngine,
} from "@isthmus/backend";
import { fileStore } from "@isthmus/backend/node";
import type { JsonObject } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { Command } from "commander";
import { cpus } from "node:os";
import type { Report } from "../console.ts";
import type { EngineChoice } from "../engines.ts";
import { onnxRuntime } from "../onnx-runtime.ts";
import { engineOption } from "../options.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface DoctorOptions {
  /** Default: `auto`. */
  readonly engine?: EngineChoice;
  readonly anew?: boolean;
}

export function doctorCommand(context: Context): Command {
  return describeCommand({
    name: "doctor",
    summary: "What this machine offers, which engine --engine auto would choose, and why not the others.",
    notes: ["What is measured is a step of training on digits at batch 128; commands measure their own model instead."],
    examples: ["isthmus doctor", "isthmus doctor --engine tfjs:wasm", "isthmus doctor --anew --json"],
  })
    .addOption(engineOption())
    .option("--anew", "measure again, whatever is remembered of this machine")
    .action(reporting(context, doctor));
}

async function doctor({ engine = "auto", anew = false }: DoctorOptions): Promise<Report> {
  const environment = await probeEnvironment();
  const chosen = await choice(engine, anew);
  const runtime = await onnxRuntime();
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  const onnx =
    "missing" in runtime ? `no: ${runtime.missing}` : "onnxruntime-node, for decode --onnx and the parity check";
  const { runtime: here, simd, relaxedSimd, threads } = environment;
  const json = {
    node: process.versions.node,
    v8: process.versions.v8,
    ...{ platform: here.platform, cpu, cores: here.cores },
    ...{ simd: simd.available, relaxedSimd: relaxedSimd.available, threads: threads.available },
    engine: "engine" in chosen ? { name: chosen.engine.split(":")[0]!, build: chosen.build } : null,
    selection: chosen as unknown as JsonObject,
    environment: environment as unknown as JsonObject,
    onnxruntime: "missing" in runtime ? null : "onnxruntime-node",
  };
  const lines = [
    `Node           ${json.node} (V8 ${json.v8}), ${json.platform}`,
    `CPU            ${cpu}, ${json.cores} cores`,
    ...findings(environment),
    ...("engine" in chosen ? explain(chosen) : [chosen.problem]).map(
      (line, i) => (i === 0 ? "engine" : "").padEnd(15) + line,
    ),
    `onnxruntime    ${onnx}`,
  ];
  return { json, lines };
}

interface Problem {
  readonly problem: string;
}

/** The selection; where nothing can be had, what was tried. An engine that is asked for and cannot be had is an error. */
async function choice(engine: EngineChoice, anew: boolean): Promise<Selection | Problem> {
  try {
    const selected = await selectEngine({
      ...{ override: "", store: fileStore(), anew },
      ...(engine !== "auto" && { require: engine }),
    });
    selected.dispose();
    return selected.selection;
  } catch (error) {
    if (engine !== "auto" || !(error instanceof IsthmusError)) throw error;
    return { problem: error.message };
  }
}

function findings({ simd, relaxedSimd, threads, webgpu, webgl2 }: Environment): string[] {
  const told = ({ available, reason }: Finding, more = "") => (available ? `yes${more}` : `no: ${reason?.message}`);
  const adapter = webgpu?.adapter;
  const kind = adapter?.software ? "no graphics card, the processor in its place" : adapter?.vendor;
  const gpu =
    adapter && `: ${adapter.description || adapter.device || adapter.architecture} (${kind}), ${limitsText(adapter)}`;
  return [
    `WASM SIMD      ${told(simd, simd.build && `, kernel build ${simd.build}`)}`,
    `relaxed SIMD   ${told(relaxedSimd)}`,
    `WASM threads   ${told(threads, `: train --threads ${threads.count} would use them`)}`,
    `WebGPU         ${told(webgpu!, gpu)}`,
    `WebGL 2        ${told(webgl2!, webgl2?.renderer && `: ${webgl2.renderer}`)}`,
  ];
}

function limitsText({ limits }: NonNullable<NonNullable<Environment["webgpu"]>["adapter"]>): string {
  return `buffers of ${(limits.maxBufferSize / 2 ** 30).toFixed(1)} GiB, workgroups of ${limits.maxComputeInvocationsPerWorkgroup}`;
}
