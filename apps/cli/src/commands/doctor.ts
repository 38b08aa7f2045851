import { chooseBuild, probe } from "@isthmus/kernels";
import type { Command } from "commander";
import { availableParallelism, cpus } from "node:os";
import type { Report } from "../console.ts";
import { onnxRuntime } from "../onnx-runtime.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

export function doctorCommand(context: Context): Command {
  return describeCommand({
    name: "doctor",
    summary: "What this machine offers and what would be chosen.",
    example: "isthmus doctor --json",
  }).action(reporting(context, doctor));
}

async function doctor(): Promise<Report> {
  const found = probe();
  const engine = found.simd ? { name: "wasm", build: chooseBuild(found) } : null;
  const runtime = await onnxRuntime();
  const json = {
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    simd: found.simd,
    relaxedSimd: found.relaxedSimd,
    threads: found.threads,
    engine,
    onnxruntime: "missing" in runtime ? null : "onnxruntime-node",
  };
  const yes = (value: boolean) => (value ? "yes" : "no");
  const lines = [
    `Node           ${json.node} (V8 ${json.v8}), ${json.platform}`,
    `CPU            ${json.cpu}, ${json.cores} cores`,
    `WASM SIMD      ${yes(json.simd)}`,
    `relaxed SIMD   ${yes(json.relaxedSimd)}`,
    `WASM threads   ${yes(json.threads)} (train --threads ${json.cores} would use them)`,
    `would choose   ${engine ? `engine wasm, build ${engine.build}` : "nothing: this runtime has no WASM SIMD"}`,
    `onnxruntime    ${"missing" in runtime ? `no (${runtime.missing})` : "onnxruntime-node, for decode --onnx and the parity check"}`,
  ];
  return { json, lines };
}
